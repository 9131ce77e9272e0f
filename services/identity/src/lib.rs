//! Accounts, users, sessions, keys, rights, audit: who somebody is and what they may.
//!
//! Employees log in with e-mail and password, programs with an API key; both get an access token of five minutes that every
//! service verifies by itself ([`auth`]). What ends before its token does (a session, a key, a role) is published to all
//! verifiers, so it ends everywhere within a second.
//!
//! What somebody may is decided where the cards are: identity keeps what is set and publishes the whole state of an account with
//! every change ([`RIGHTS_CHANGED`]).
//!
//! - `domain`: the rules. `store`: the SQL. `grpc`: a file for each operation.
//! - `changes`: administrative changes with audit entry, revocation and event in one transaction; gRPC and
//!   [`admin`], the operator's side, share them.
//! - `keyring`: the keys that sign tokens, and their rotation. `limits`, `passwords`: what keeps log-in safe.

pub mod admin;
mod app;
mod catalogue;
mod changes;
mod config;
mod core;
mod domain;
mod error;
mod exchange;
mod grpc;
mod jobs;
mod keyring;
mod limits;
mod passwords;
mod store;

pub use admin::rotate_keys;
pub use app::App;
pub use changes::accounts::ACCOUNT_CHANGED;
pub use changes::rights::RIGHTS_CHANGED;
pub use config::{Config, LOG_IN_LIMIT, Rule};

use error::Error;

/// The tables.
pub static MIGRATIONS: pg::Migrations = pg::Migrations {
    service: "identity",
    schema: "identity",
    role: "beseda_identity",
    migrator: sqlx::migrate!(),
};
