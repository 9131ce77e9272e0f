//! Messages on their way to connectors.
//!
//! Whoever changes a delivery locks its chat first, with one exception: handing out ([`take()`]) locks nothing but the rows it
//! takes and passes over locked ones. It never waits, so nobody can wait for it in a circle.

mod insert;
mod report;
mod take;

pub use insert::insert;
pub use report::{Locked, conversations_of, find, lock_chats, locked, mark_read, store};
pub use take::{Leased, Taker, give_back, take};
