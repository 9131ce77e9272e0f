//! The SQL, a file an aggregate.

pub mod employees;
pub mod erasure;
pub mod integrations;
pub mod jobs;
pub mod portal_calls;
pub mod portal_links;
pub mod portals;
pub mod requests;
pub mod runs;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

/// A row that cannot be read.
fn corrupt(table: &'static str, column: &'static str, row: Uuid) -> pg::Error {
    pg::Error::Corrupt {
        table,
        column,
        row: row.to_string(),
    }
}

/// A value as jsonb.
fn json(value: &impl Serialize) -> Result<Value, pg::Error> {
    // What the domain has can be written: keys are texts and numbers finite.
    serde_json::to_value(value).map_err(|_| corrupt("", "json", Uuid::nil()))
}

fn from_json<T: DeserializeOwned>(
    value: Value,
    table: &'static str,
    column: &'static str,
    row: Uuid,
) -> Result<T, pg::Error> {
    serde_json::from_value(value).map_err(|_| corrupt(table, column, row))
}
