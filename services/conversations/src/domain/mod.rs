//! The rules of conversations as plain Rust: no database, no wire, no clock of its own.

pub mod account;
pub mod attachment;
pub mod card;
pub mod cart;
pub mod client;
pub mod connection;
pub mod conversation;
pub mod counts;
pub mod delivery;
pub mod file_type;
pub mod filter;
pub mod happening;
pub mod message;
pub mod notification;
pub mod nps;
pub mod plan;
pub mod profile;
pub mod quarantine;
pub mod routing;
pub mod search;
pub mod settings;
pub mod template;
pub mod window;
pub mod writability;
