//! PostgreSQL as Beseda uses it.
//!
//! - [`Db::tx`] is the only way to a transaction. It runs in a task of its own, so that a handler that is dropped because
//!   its caller went away cannot leave a half-begun transaction behind in the pool (sqlx's `begin` is not cancel-safe).
//! - [`Session`] saves a job of the system the round trips of a transaction where one statement is enough.
//! - A transaction has a [`Scope`]: one account, or a named job of the system. Row-level security shows a transaction
//!   only the rows of its scope, and none without one.
//! - [`migrate()`] makes roles, schemas and tables as the owner; services connect as a role that owns nothing, and
//!   [`Db::connect`] refuses a database that cannot be right: wrong encoding, a too powerful role, pending migrations.
//! - [`idempotency`] makes repeated creates and sends safe.
//!
//! SQL stands as static text in each service's `store`; tests run every statement as the service's own role.

mod boot;
mod db;
mod error;
pub mod idempotency;
mod migrate;
mod scope;

pub use boot::BootError;
pub use db::{Config, Db, Session, Tx};
pub use error::Error;
pub use migrate::{Migrations, migrate, role_url};
pub use scope::{Scope, SystemScope};

/// What a transaction's body returns.
pub type TxFuture<'t, T, E> = futures::future::BoxFuture<'t, Result<T, E>>;
