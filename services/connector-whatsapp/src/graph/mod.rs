//! The Cloud API, as far as it is needed here.

mod client;
mod fault;
mod files;
mod templates;

pub use client::{Graph, Known, Taken};
pub use fault::{Fault, Refused};
pub use files::OnTheWay;
