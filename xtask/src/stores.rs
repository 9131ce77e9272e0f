//! The PostgreSQL of a test run, and what is left when the run is over.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process, thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use embedded::{Postgres, postgres};
use secrecy::ExposeSecret;

/// What the names of the folders begin with; the process id follows.
const RUN: &str = "beseda-run-";

/// How long the last processes of a run may take to end.
const GRACE: Duration = Duration::from_secs(10);

/// A run's own PostgreSQL and its own folder for all temporary files.
pub struct Stores {
    postgres: Postgres,
    folder: PathBuf,
}

impl Stores {
    pub fn start() -> Result<Self> {
        sweep();
        let folder = env::temp_dir().join(format!("{RUN}{}", process::id()));
        fs::create_dir(&folder).with_context(|| format!("make {}", folder.display()))?;
        // As /tmp is: PostgreSQL may run under another account than we do.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o1777))?;
        let mut options = postgres::Options::temporary();
        // Nothing replicates: less is written to the log.
        options.settings = [("wal_level", "minimal"), ("max_wal_senders", "0")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let postgres = postgres::start_blocking(options).context("start the tests' PostgreSQL")?;
        Ok(Self { postgres, folder })
    }

    /// The variables that tests look at.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        let url = self.postgres.admin_url().expose_secret().to_owned();
        [
            ("BESEDA_TEST_STORES", url),
            ("TMPDIR", self.folder.display().to_string()),
        ]
    }

    /// Stops everything; gives what tests had left running, which is ended too.
    pub fn stop(self) -> Result<Vec<String>> {
        self.postgres
            .stop_blocking()
            .context("stop the tests' PostgreSQL")?;
        let deadline = Instant::now() + GRACE;
        while !running_in(&self.folder).is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(100));
        }
        let left = running_in(&self.folder);
        for (pid, _) in &left {
            // It may end by itself meanwhile.
            let _ =
                nix::sys::signal::kill(nix::unistd::Pid::from_raw(*pid), nix::sys::signal::SIGKILL);
        }
        fs::remove_dir_all(&self.folder)
            .with_context(|| format!("remove {}", self.folder.display()))?;
        Ok(left
            .into_iter()
            .map(|(pid, command)| format!("process {pid}: {command}"))
            .collect())
    }
}

/// Removes the folders of runs that were killed. Their servers have ended by themselves.
fn sweep() {
    for entry in fs::read_dir(env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(Ok(pid)) = name.strip_prefix(RUN).map(str::parse) else {
            continue;
        };
        if nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None)
            == Err(nix::errno::Errno::ESRCH)
        {
            // It may be another user's; then it is theirs to remove.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Processes that were started with the run's folder in their arguments or as their `TMPDIR`.
/// Where there is no /proc, none are found.
fn running_in(folder: &Path) -> Vec<(i32, String)> {
    let folder = folder.display().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ours = processes.filter_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let arguments = text_of(&entry.path().join("cmdline"));
        let variables = text_of(&entry.path().join("environ"));
        let ours = arguments.contains(&folder) || variables.contains(&folder);
        // A process that has ended has no arguments any more.
        (ours && !arguments.is_empty()).then_some((pid, arguments))
    });
    ours.collect()
}

fn text_of(file: &Path) -> String {
    String::from_utf8_lossy(&fs::read(file).unwrap_or_default())
        .replace('\0', " ")
        .trim()
        .to_owned()
}
