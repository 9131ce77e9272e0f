//! Identity's SQL, a file for each aggregate.
//!
//! Every statement names the account first. What a statement can reach is decided by the transaction it runs in: one of an
//! account, whose scope only a verified caller has, or one of a named job of the system (log-in, refresh, key exchange,
//! which begin without knowing the account). "Not found" is `Ok(None)`.

pub mod accounts;
pub mod api_keys;
pub mod audit;
pub mod crm_widgets;
pub mod groups;
pub mod revocations;
pub mod rights;
pub mod sessions;
pub mod signing_keys;
pub mod users;

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
