//! The Bot API, as far as it is needed here.

mod client;
mod fault;
mod files;
mod pictures;
mod updates;

pub use client::{Bot, Me, SentMessage};
pub use fault::Fault;
pub use files::OnTheWay;
pub use pictures::Photo;
