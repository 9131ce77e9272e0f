//! The SQL, a file for each aggregate. Every statement names the account first; "not found" is `Ok(None)`.

pub mod cards;
pub mod clients;
pub mod erasure;
pub mod fields;
pub mod merges;
pub mod pipelines;
pub mod recordings;
pub mod tags;
pub mod tasks;
pub mod timeline;
pub mod unsorted;

use pg::Error;
use uuid::Uuid;

/// A row that no version of this program wrote.
fn corrupt(table: &'static str, column: &'static str, row: Uuid) -> Error {
    Error::Corrupt {
        table,
        column,
        row: row.to_string(),
    }
}
