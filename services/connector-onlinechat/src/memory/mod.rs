//! What is needed at every call of a visitor, kept for a moment so that the database is not asked each time.

mod online_chats;
mod sessions;

pub use online_chats::OnlineChats;
pub use sessions::Sessions;
