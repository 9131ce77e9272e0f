//! The rules of the online chat, without I/O.

pub mod facts;
pub mod online_chat;
pub mod origin;
pub mod placement;
pub mod session;
