//! The folder of a server: made, handed to its account, locked.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    Folder,
    account::Account,
    error::{Doing, Error},
};

/// What the names of temporary folders begin with.
const TEMPORARY: &str = "beseda-tmp-";
/// A guard whose owner was killed has removed its folder long before.
const SWEEP_AGE: Duration = Duration::from_mins(10);

/// A folder that the account can use and that nobody else uses while this value lives.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    pub(crate) temporary: bool,
    /// Released by the kernel when we end, however we end.
    _lock: File,
}

impl Place {
    pub(crate) fn take(folder: &Folder, account: Account) -> Result<Self, Error> {
        let (folder, temporary) = match folder {
            Folder::Kept(asked) => (kept(asked, account)?, false),
            Folder::Temporary => (temporary(account)?, true),
        };
        let lock = lock(&folder)?;
        Ok(Self {
            folder,
            temporary,
            _lock: lock,
        })
    }

    /// Removes a temporary folder when the server in it did not start.
    pub(crate) fn keep_if(&self, started: Result<(), Error>) -> Result<(), Error> {
        if started.is_err() && self.temporary {
            // The reason why it did not start says more than a folder that could not be removed.
            let _ = fs::remove_dir_all(&self.folder);
        }
        started
    }

    /// Writes a file that only the account (and root) can read.
    pub(crate) fn write_private(
        &self,
        account: Account,
        name: &str,
        text: &str,
    ) -> Result<PathBuf, Error> {
        let path = self.folder.join(name);
        let what = || format!("write {}", path.display());
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .doing(what)?;
        account.own(&path)?;
        Ok(path)
    }

    /// The password of this folder, made the first time.
    pub(crate) fn password(&self, account: Account) -> Result<SecretString, Error> {
        let path = self.folder.join("password");
        if let Ok(text) = fs::read_to_string(&path)
            && !text.trim().is_empty()
        {
            return Ok(text.trim().into());
        }
        let password = SecretString::from(random_name::<24>()?);
        self.write_private(account, "password", password.expose_secret())?;
        Ok(password)
    }
}

fn kept(asked: &Path, account: Account) -> Result<PathBuf, Error> {
    let asked = std::path::absolute(asked).doing(|| format!("find {}", asked.display()))?;
    make(&asked, account)?;
    if account.can_use(&asked) {
        return Ok(asked);
    }
    let elsewhere = elsewhere(&asked)?;
    let made = make(&elsewhere, account).is_ok() && account.can_use(&elsewhere);
    if !made {
        return Err(Error::FolderUnusable {
            why: format!(
                "{account} cannot write in it: give it to that user (chown), and let that user enter all folders above it (chmod a+x)"
            ),
            folder: asked,
        });
    }
    tracing::info!(asked = %asked.display(), used = %elsewhere.display(), "{account} cannot enter the folder asked for, so the data are kept elsewhere");
    Ok(elsewhere)
}

/// A place for data whose own folder lies where the account cannot go, such as under `/root`.
/// The folder says where, so the data are found again, and are not found when it was deleted.
fn elsewhere(asked: &Path) -> Result<PathBuf, Error> {
    let note = asked.join("elsewhere");
    if let Ok(text) = fs::read_to_string(&note) {
        return Ok(PathBuf::from(text.trim()));
    }
    let chosen = Path::new("/var/lib/beseda").join(random_name::<8>()?);
    let written = fs::write(&note, chosen.display().to_string());
    written.doing(|| format!("write {}", note.display()))?;
    Ok(chosen)
}

fn temporary(account: Account) -> Result<PathBuf, Error> {
    let name = format!("{TEMPORARY}{}", random_name::<8>()?);
    for parent in [
        std::env::temp_dir(),
        PathBuf::from("/tmp"),
        PathBuf::from("/var/tmp"),
    ] {
        sweep(&parent);
        let folder = parent.join(&name);
        if make(&folder, account).is_ok() && account.can_use(&folder) {
            return Ok(folder);
        }
        // Nothing is in it yet; a folder that was never made is not there to remove either.
        let _ = fs::remove_dir(&folder);
    }
    Err(Error::FolderUnusable {
        folder: std::env::temp_dir(),
        why: format!(
            "{account} cannot write in it: point TMPDIR to a folder that every user may use"
        ),
    })
}

/// Removes temporary folders whose owner was killed before a guard stood by, during `initdb`.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let folder = entry.path();
        let ours = entry.file_name().to_string_lossy().starts_with(TEMPORARY);
        if ours && is_abandoned(&folder) {
            // It may be another user's; then it is theirs to remove.
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

fn is_abandoned(folder: &Path) -> bool {
    let Ok(lock) = File::open(folder.join("lock")) else {
        return false;
    };
    let age = lock
        .metadata()
        .and_then(|it| it.modified())
        .ok()
        .and_then(|at| at.elapsed().ok());
    age.is_some_and(|age| age > SWEEP_AGE) && lock.try_lock().is_ok()
}

fn make(folder: &Path, account: Account) -> Result<(), Error> {
    let what = || format!("make the folder {}", folder.display());
    if folder.is_dir() {
        return account.own(folder);
    }
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).doing(what)?;
    }
    fs::DirBuilder::new()
        .mode(0o700)
        .create(folder)
        .doing(what)?;
    account.own(folder)
}

fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    let what = || format!("open {}", path.display());
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    let mut file = options.open(&path).doing(what)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)
                .and_then(|()| write!(file, "{}", std::process::id()))
                .doing(what)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let owner = fs::read_to_string(&path).unwrap_or_default();
            Err(Error::FolderInUse {
                folder: folder.to_owned(),
                user: format!("process {owner}"),
            })
        }
        Err(TryLockError::Error(source)) => Err(Error::Io {
            what: what(),
            source,
        }),
    }
}

/// Random bytes of the operating system.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    let read = File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
    read.doing(|| "read /dev/urandom".into())?;
    Ok(bytes)
}

fn random_name<const N: usize>() -> Result<String, Error> {
    Ok(random_bytes::<N>()?
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
