//! The rules of the online chat, without I/O.

pub mod external_id;
pub mod facts;
pub mod landing;
pub mod look;
pub mod online_chat;
pub mod origin;
pub mod placement;
pub mod session;
