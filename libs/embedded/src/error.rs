//! What can go wrong, in words that say what to do.

use std::{io, path::PathBuf};

/// Why a private server could not be started, stopped or started again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program is not on this machine, or only in a version too old.
    #[error(
        "{program} was not found (looked in {looked_in}). Install it: {install}; or set {instead} to a server of your own"
    )]
    ProgramMissing {
        /// Name and least version.
        program: String,
        /// The folders that were searched.
        looked_in: String,
        /// The command that installs it.
        install: String,
        /// The environment variable that makes a private server unnecessary.
        instead: &'static str,
    },
    /// The data were written by a version that is not installed.
    #[error("the data in {} were made by PostgreSQL {made_by}, which is not installed (found: {found}). Install PostgreSQL {made_by}, or move the folder away to begin with an empty database", folder.display())]
    OtherVersion {
        /// The folder of the data.
        folder: PathBuf,
        /// The major version that made them.
        made_by: String,
        /// The major versions that are installed.
        found: String,
    },
    /// The folder cannot be used as it is.
    #[error("{} cannot be used: {why}", folder.display())]
    FolderUnusable {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it and what to do.
        why: String,
    },
    /// Another program uses the folder.
    #[error("{} is in use by {user}: stop it first, or choose another folder", folder.display())]
    FolderInUse {
        /// The folder.
        folder: PathBuf,
        /// Who uses it.
        user: String,
    },
    /// The port that was asked for is taken.
    #[error(
        "port {port} on 127.0.0.1 is taken by another program: choose another port, or leave it out to have a free one chosen"
    )]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// PostgreSQL refuses root, and no account was found to run it under.
    #[error(
        "PostgreSQL does not run as root, and neither the account postgres nor nobody exists to run it under: make one (useradd --system postgres), or start this program as another user"
    )]
    NoAccount,
    /// The program ended, or did not become ready.
    #[error("{what}. The end of {}:\n{tail}", log.display())]
    Failed {
        /// What was being done.
        what: String,
        /// Where the program writes its log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// The operating system refused something.
    #[error("could not {what}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
}

/// Says what was being done when the operating system refused.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Io {
            what: what(),
            source: source.into(),
        })
    }
}
