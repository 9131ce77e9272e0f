//! The folder of `beseda up`: who uses it, its master key, what is remembered between runs.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use kit::secrets::MasterKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const LOCK: &str = "lock";
const RUNNING: &str = "running.json";
const KEY: &str = "master.key";

/// What others on this machine may want to know of a running `beseda up`. Only its user can read it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Running {
    /// Process id.
    pub pid: u32,
    /// Address of the gateway.
    pub gateway: String,
    /// The database as owner.
    pub database_url: String,
}

/// The folder, taken.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    /// Released by the kernel when we end, however we end.
    _lock: File,
}

impl Place {
    /// Takes the folder, made when missing.
    pub fn take(folder: &Path) -> anyhow::Result<Self> {
        let folder = std::path::absolute(folder)?;
        // Not private as a whole: as root, PostgreSQL runs under another account and has its folder in here.
        fs::create_dir_all(&folder).with_context(|| {
            format!(
                "the folder {} cannot be made; choose another with --data",
                folder.display()
            )
        })?;
        let lock = open_lock(&folder)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                folder,
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => bail!(in_use(&folder)),
            Err(TryLockError::Error(error)) => Err(error).context("the folder cannot be locked"),
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The key kept here, made the first time.
    pub fn key(&self) -> anyhow::Result<MasterKey> {
        if let Some(key) = stored_key(&self.folder)? {
            return Ok(key);
        }
        let text = MasterKey::generate();
        self.write(KEY, &text)?;
        Ok(MasterKey::parse(&text)?)
    }

    /// Tells others that we run.
    pub fn announce(&self, running: &Running) -> anyhow::Result<()> {
        self.remember(RUNNING, running)
    }

    /// We run no longer.
    pub fn forget(&self) {
        // Without the lock the file says nothing, so it does no harm when it stays.
        let _ = fs::remove_file(self.folder.join(RUNNING));
    }

    /// Keeps a value in a private file.
    pub fn remember(&self, name: &str, value: &impl Serialize) -> anyhow::Result<()> {
        self.write(name, &serde_json::to_string_pretty(value)?)
    }

    /// A value that was kept; `None` when there is none, or it cannot be read any more.
    pub fn recall<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        read(&self.folder, name)
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.folder.join(name);
        let fresh = self.folder.join(format!("{name}.new"));
        // Beside and moved: a full disk or a crash leaves the old file whole.
        let written = write_private(&fresh, text).and_then(|()| fs::rename(&fresh, &path));
        written.with_context(|| format!("{} cannot be written", path.display()))
    }
}

/// The `beseda up` that runs on this folder.
pub fn running(folder: &Path) -> anyhow::Result<Option<Running>> {
    if !folder.join(LOCK).exists() {
        return Ok(None);
    }
    match open_lock(folder)?.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let known = read(folder, RUNNING).context(
                "`beseda up` is still starting on this folder; try again when it is ready",
            )?;
            Ok(Some(known))
        }
        Ok(()) | Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// The key kept in a folder.
pub fn stored_key(folder: &Path) -> anyhow::Result<Option<MasterKey>> {
    let path = folder.join(KEY);
    match fs::read_to_string(&path) {
        Ok(text) => MasterKey::parse(text.trim())
            .map(Some)
            .with_context(|| format!("{} holds no master key", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Writes a file that only its user can read.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn open_lock(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join(LOCK);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options
        .open(&path)
        .with_context(|| format!("{} cannot be opened", path.display()))
}

fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> Option<T> {
    let text = fs::read_to_string(folder.join(name)).ok()?;
    serde_json::from_str(&text).ok()
}

fn in_use(folder: &Path) -> String {
    let folder_name = folder.display();
    match read::<Running>(folder, RUNNING) {
        Some(Running { pid, gateway, .. }) => format!(
            "`beseda up` already runs on the data in {folder_name}: process {pid}, at {gateway}. Use it, stop it, or start another one with its own --data and --listen"
        ),
        None => format!(
            "`beseda up` is already starting on the data in {folder_name}. Wait for it, stop it, or start another one with its own --data and --listen"
        ),
    }
}
