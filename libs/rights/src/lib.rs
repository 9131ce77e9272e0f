//! A service's copy of who works in an account and who may do what.
//!
//! Identity tells members and rules of an account by events ([`apply`] keeps them in the service's table `account_rights`, see
//! `sql/account_rights.sql`). Each transaction reads the epoch of the copy, so that a change that has arrived counts at once.
//! Snapshots and compiled rights are kept in memory by epoch. Of an account or employee whose first event is still on its way
//! identity is asked ([`RightsCopy::prepare`]).

mod changed;
mod copy;
mod snapshot;
mod store;

pub use changed::{CHANGED, apply};
pub use copy::{RightsCopy, Viewer};

use kit::Refusal;

/// Why it cannot be said what somebody may.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Identity has not told of the account or the employee yet.
    #[error("the rights of the account are not known yet")]
    Unknown,
    /// Refused for a reason that is not this crate's.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database.
    #[error(transparent)]
    Store(#[from] pg::Error),
}
