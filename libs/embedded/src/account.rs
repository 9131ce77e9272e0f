//! The account a child runs under: the own one, or, for root, one that PostgreSQL accepts.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

use nix::unistd::{Gid, Uid, User, chown};

use crate::error::{Doing, Error};

/// Whom a child runs as.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Account {
    /// As ourselves, with our environment and in our folder.
    Ourselves,
    /// As a server: with a bare environment, and for root under another account.
    Server(Option<(Uid, Gid)>),
}

impl Account {
    /// Ourselves, or for root the account `postgres`, else `nobody`.
    pub(crate) fn choose() -> Result<Self, Error> {
        if !Uid::effective().is_root() {
            return Ok(Self::Server(None));
        }
        let named = |name| User::from_name(name).ok().flatten();
        let user = named("postgres")
            .or_else(|| named("nobody"))
            .ok_or(Error::NoAccount)?;
        Ok(Self::Server(Some((user.uid, user.gid))))
    }

    /// Makes `command` run under this account and out of the terminal's process group, so that
    /// Ctrl-C reaches the owner alone.
    pub(crate) fn apply(self, command: &mut Command) {
        command.process_group(0);
        let Self::Server(other) = self else { return };
        // LC_ALL: PostgreSQL on macOS refuses to start without it.
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .current_dir("/");
        for kept in ["PATH", "LD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        if let Some((uid, gid)) = other {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
    }

    fn other(self) -> Option<(Uid, Gid)> {
        match self {
            Self::Ourselves => None,
            Self::Server(other) => other,
        }
    }

    /// Hands a file or folder to this account.
    pub(crate) fn own(self, path: &Path) -> Result<(), Error> {
        let Some((uid, gid)) = self.other() else {
            return Ok(());
        };
        chown(path, Some(uid), Some(gid)).doing(|| format!("hand {} to {self}", path.display()))
    }

    /// Whether this account can enter the folder and write there. Tried for real, since modes,
    /// access lists and mounts all have a say.
    pub(crate) fn can_use(self, folder: &Path) -> bool {
        let mut command = Command::new("/bin/sh");
        self.apply(&mut command);
        command
            .args(["-c", "cd -- \"$1\" && test -w . && test -x .", "sh"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let uid = self.other().map_or_else(Uid::effective, |(uid, _)| uid);
        match User::from_uid(uid) {
            Ok(Some(user)) => write!(f, "user {}", user.name),
            _ => write!(f, "user {uid}"),
        }
    }
}
