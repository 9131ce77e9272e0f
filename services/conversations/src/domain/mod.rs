//! The rules of conversations as plain Rust: no database, no wire, no clock of its own.

pub mod account;
pub mod card;
pub mod connection;
pub mod conversation;
pub mod counts;
pub mod delivery;
pub mod filter;
pub mod message;
pub mod plan;
pub mod routing;
pub mod search;
