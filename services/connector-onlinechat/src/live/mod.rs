//! Live streams of visitors.
//!
//! The hub's history is the truth; Redis only says when to look. After each change of a chat the hub publishes an empty
//! hint on the chat's channel, and the replica that takes a delivery publishes its place there. Every replica holds one
//! subscribing connection ([`subscriber`]), which wakes the streams of the channel ([`watchers`]); a stream then reads what
//! comes after its place ([`stream`]). So nothing is lost, doubled or out of order, whatever becomes of Redis: while it is
//! away streams look every few seconds by themselves.

pub mod stream;
pub mod subscriber;
pub mod watchers;

use crate::hub::Chat;

/// The Redis channel of a visitor's chat. The hub publishes on the same name.
#[must_use]
pub fn channel(chat: Chat) -> String {
    format!("hub:chat:{}:{}", chat.connection, chat.visitor)
}
