//! WhatsApp as plain Rust: no network, no clock.

pub mod errors;
pub mod message;
pub mod outgoing;
pub mod payload;
pub mod signature;
pub mod templates;
