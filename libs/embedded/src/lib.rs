//! A private PostgreSQL and a private Redis as child processes.
//!
//! `beseda up` uses them when no server is configured, the tests always. Both listen on loopback
//! only, ask for a generated password, keep their files in a folder of their own and end when
//! their owner ends, be it by [`Postgres::stop`], by dropping the handle or by `kill -9`: a small
//! shell stands between (see `guard.rs`) and takes the end of a pipe as the order to stop.
//!
//! PostgreSQL refuses to run as root, so when the owner is root the children run under the
//! account `postgres` (or `nobody`), and the folder is handed to that account.
//!
//! The functions block on a thread of their own behind an `async` face, so a handle may be shared
//! between runtimes, as the tests of one program do.

mod account;
mod error;
mod guard;
mod place;
mod port;
pub mod postgres;
mod process;
mod program;
pub mod redis;

pub use crate::{
    error::Error,
    postgres::Postgres,
    process::{Process, Program},
    redis::Redis,
};

use std::path::PathBuf;

/// Where a server keeps its files, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Folder {
    /// In this folder, which is made when missing and stays when the server ends.
    Kept(PathBuf),
    /// In a new temporary folder, removed when the owner ends, even when it is killed.
    Temporary,
}

/// Runs blocking work on tokio's threads for it.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|gone| Error::Io {
            what: "wait for the thread that looks after a private server".into(),
            source: std::io::Error::other(gone),
        })?
}
