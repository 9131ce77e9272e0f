//! The Bot API, as far as it is needed here.

mod client;
mod fault;
mod files;
mod updates;

pub use client::{Bot, Me, SentMessage};
pub use fault::Fault;
pub use files::OnTheWay;
