//! The wire side: authorise, validate, domain and store, reply. A file an operation.

pub mod attachment;
pub mod chat;
pub mod client_chat;
pub mod connection;
pub mod conversation;
pub mod counter;
pub mod filter;
pub mod hub;
pub mod inbox;
pub mod internal;
pub mod notification;
pub mod quarantine;
pub mod search;
mod steps;
pub mod template;
mod viewer;
pub mod visibility;

pub(crate) use steps::{HEARTBEAT, quiet, until_refused};
pub(crate) use viewer::{By, author, caller_id, seeing};
