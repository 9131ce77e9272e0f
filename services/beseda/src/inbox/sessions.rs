//! Sessions of `beseda login`, a server each, in a file that only its user can read.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use api::identity::v1::TokenPair;
use serde::{Deserialize, Serialize};

use crate::up::place::write_private;

/// A session's tokens.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Tokens {
    /// Who logged in.
    pub email: String,
    /// The session: "ses_…".
    pub session_id: String,
    /// For calls.
    pub access_token: String,
    /// When it expires, in seconds since 1970.
    pub access_expires: i64,
    /// For the next access token, once.
    pub refresh_token: String,
}

impl Tokens {
    /// Of a reply of the server.
    pub fn of(email: &str, pair: TokenPair) -> Self {
        Self {
            email: email.to_owned(),
            session_id: pair.session_id,
            access_token: pair.access_token,
            access_expires: pair.access_expire_time.unwrap_or_default().seconds,
            refresh_token: pair.refresh_token,
        }
    }
}

/// The file, locked against other processes of the user: a refresh token is good for one use.
#[derive(Debug)]
pub struct Sessions {
    folder: PathBuf,
    _lock: File,
}

impl Sessions {
    /// Waits for other processes and takes the file.
    pub fn open() -> anyhow::Result<Self> {
        Self::open_in(folder()?)
    }

    fn open_in(folder: PathBuf) -> anyhow::Result<Self> {
        let what = || format!("{} cannot be used", folder.display());
        let mut builder = fs::DirBuilder::new();
        builder
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .with_context(what)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(folder.join("lock")).with_context(what)?;
        lock.lock().with_context(what)?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// The session with a server.
    pub fn get(&self, server: &str) -> anyhow::Result<Option<Tokens>> {
        Ok(self.all()?.remove(server))
    }

    /// Keeps a session with a server; `None` forgets it.
    pub fn set(&self, server: &str, tokens: Option<&Tokens>) -> anyhow::Result<()> {
        let mut all = self.all()?;
        match tokens {
            Some(tokens) => all.insert(server.to_owned(), tokens.clone()),
            None => all.remove(server),
        };
        let (path, fresh) = (self.path(), self.folder.join("sessions.json.new"));
        let text = serde_json::to_string_pretty(&all)?;
        let written = write_private(&fresh, &text).and_then(|()| fs::rename(&fresh, &path));
        written.with_context(|| format!("{} cannot be written", path.display()))
    }

    fn all(&self) -> anyhow::Result<BTreeMap<String, Tokens>> {
        let path = self.path();
        match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).with_context(|| {
                format!("{} is damaged: delete it and log in again", path.display())
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("sessions.json")
    }
}

fn folder() -> anyhow::Result<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let configuration = set("XDG_CONFIG_HOME").map(PathBuf::from);
    let configuration =
        configuration.or_else(|| set("HOME").map(|home| Path::new(&home).join(".config")));
    let configuration = configuration.context("neither HOME nor XDG_CONFIG_HOME is set, so there is no place for the session: use --api-key, or --email and --password")?;
    Ok(configuration.join("beseda"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_session_is_kept_by_server_and_read_by_its_user_only() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("beseda");
        let tokens = Tokens::of("a@example.com", TokenPair::default());
        let sessions = Sessions::open_in(folder.clone()).unwrap();
        sessions.set("http://one", Some(&tokens)).unwrap();
        assert_eq!(sessions.get("http://one").unwrap(), Some(tokens));
        assert_eq!(sessions.get("http://two").unwrap(), None);
        let mode = fs::metadata(folder.join("sessions.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        sessions.set("http://one", None).unwrap();
        assert_eq!(sessions.get("http://one").unwrap(), None);
    }
}
