//! What Telegram means, without I/O.

pub mod message;
pub mod parts;
pub mod text;
pub mod update;
