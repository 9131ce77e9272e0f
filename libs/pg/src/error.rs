//! What can go wrong in the database, as far as a service can act on it.

use kit::Refusal;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached, is starting, stopping or out of connections.
    #[error("the database is unavailable")]
    Unavailable(#[source] sqlx::Error),
    /// A unique key, foreign key or check refused the row.
    #[error("constraint {constraint} was violated")]
    Conflict {
        /// Name of the constraint.
        constraint: String,
    },
    /// Two transactions met; the same one may succeed when repeated.
    #[error("two transactions met")]
    Serialization,
    /// A statement or lock took too long.
    #[error("a statement took too long")]
    Timeout(#[source] sqlx::Error),
    /// A row holds what no version of this program wrote.
    #[error("row {row} of {table} is corrupt: {column}")]
    Corrupt {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Key of the row.
        row: String,
    },
    /// Anything else: a defect.
    #[error("a statement failed")]
    Other(#[source] sqlx::Error),
    /// The body of the transaction panicked; it was rolled back.
    #[error("the transaction's body panicked")]
    Panicked,
}

impl Error {
    /// Is it the violation of this constraint?
    #[must_use]
    pub fn is_conflict(&self, name: &str) -> bool {
        matches!(self, Self::Conflict { constraint } if constraint == name)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            // What a server answers that dies while it is asked to begin.
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::Database(database) => {
                let state = database.code().unwrap_or_default().into_owned();
                match state.as_str() {
                    "40001" | "40P01" => Self::Serialization,
                    "57014" | "55P03" => Self::Timeout(error),
                    // Connection exceptions, too many connections, shutdown, crash, starting up.
                    "53300" | "57P01" | "57P02" | "57P03" | "25P03" => Self::Unavailable(error),
                    state if state.starts_with("08") => Self::Unavailable(error),
                    state if state.starts_with("23") => Self::Conflict {
                        constraint: database.constraint().unwrap_or_default().to_owned(),
                    },
                    _ => Self::Other(error),
                }
            }
            _ => Self::Other(error),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable(_) => Self::store_unavailable(error),
            Error::Serialization => Self::conflict(),
            Error::Timeout(_) => Self::deadline(),
            // A constraint that the service did not expect and name is a defect.
            Error::Conflict { .. } | Error::Corrupt { .. } | Error::Other(_) | Error::Panicked => {
                Self::internal(error)
            }
        }
    }
}
