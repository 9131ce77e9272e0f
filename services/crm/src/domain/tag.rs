//! Tags.

use time::OffsetDateTime;
use types::TagId;

/// How many tags a card may have.
pub const MAX_TAGS: usize = 50;

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its id.
    pub id: TagId,
    /// Unique in the account without regard to case.
    pub name: String,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub create_time: OffsetDateTime,
}
