//! The rules as plain Rust: what a user, session, key or account is and how it may change. No I/O, no clock.

pub mod account;
pub mod api_key;
pub mod audit;
pub mod crm_widget;
pub mod email;
pub mod group;
pub mod limits;
pub mod password;
pub mod refresh;
pub mod rights;
pub mod session;
pub mod signing;
pub mod user;

/// The etag of a version.
#[must_use]
pub fn etag(version: i64) -> String {
    format!("v{version}")
}
