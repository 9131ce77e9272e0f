//! Departments.

use time::OffsetDateTime;
use types::GroupId;

/// A department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Unique in the account without regard to case.
    pub name: String,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub create_time: OffsetDateTime,
}
