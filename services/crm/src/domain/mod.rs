//! The rules as plain Rust: what a card is, how it changes, who may do what with it. No I/O, no clock.

pub mod call;
pub mod card;
pub mod ending;
pub mod field;
pub mod ids;
pub mod merge;
pub mod pipeline;
pub mod reach;
pub mod tag;
pub mod task;
pub mod timeline;
pub mod unsorted;
pub mod viewer;

/// The etag of a version.
#[must_use]
pub fn etag(version: i64) -> String {
    format!("v{version}")
}

/// Does the etag of a request fit the version? An empty one fits any.
#[must_use]
pub fn etag_fits(expected: &str, version: i64) -> bool {
    expected.is_empty() || expected == etag(version)
}
