//! What an earlier server left in the data folder: `postmaster.pid`, or the server itself.
//!
//! The folder's lock is ours when this runs, so a server that still runs in it has lost its owner:
//! its guard is about to stop it, or was killed too.

use std::{
    fs,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    error::{Doing, Error},
    guard::{LOOK, exists},
};

/// How long a guard may take before we do its work.
const GUARD_LIMIT: Duration = Duration::from_secs(3);
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Leaves no server and no stale `postmaster.pid` in the data folder.
pub(crate) fn clear(data: &Path) -> Result<(), Error> {
    let pid_file = data.join("postmaster.pid");
    let Some(pid) = server_pid(&pid_file) else {
        return Ok(());
    };
    if is_postgres(pid) && !ends_within(pid, GUARD_LIMIT) {
        tracing::warn!(pid = pid.as_raw(), data = %data.display(), "stopping a PostgreSQL that an earlier run left behind");
        // Fast shutdown. It may have ended meanwhile.
        let _ = kill(pid, Signal::SIGINT);
        if !ends_within(pid, STOP_LIMIT) {
            let user = format!("PostgreSQL, process {pid}, which does not stop");
            return Err(Error::FolderInUse {
                folder: data.to_owned(),
                user,
            });
        }
    }
    // The id may meanwhile belong to another program, which PostgreSQL would take for a server.
    match fs::remove_file(&pid_file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).doing(|| format!("remove {}", pid_file.display()))
        }
        _ => Ok(()),
    }
}

/// Whether the server of this process id says in its file that it takes connections: the first
/// line is its id, the eighth its state.
pub(crate) fn says_ready(pid_file: &Path, pid: i32) -> bool {
    let text = fs::read_to_string(pid_file).unwrap_or_default();
    let mut lines = text.lines();
    let own = lines.next().and_then(|line| line.trim().parse().ok()) == Some(pid);
    own && lines.nth(6).is_some_and(|state| state.trim() == "ready")
}

fn server_pid(pid_file: &Path) -> Option<Pid> {
    let text = fs::read_to_string(pid_file).ok()?;
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    Some(Pid::from_raw(pid.abs()))
}

fn is_postgres(pid: Pid) -> bool {
    let name = fs::read_to_string(format!("/proc/{pid}/comm"))
        .ok()
        .or_else(|| {
            let output = Command::new("ps")
                .args(["-o", "comm=", "-p", &pid.to_string()])
                .output()
                .ok()?;
            Some(String::from_utf8_lossy(&output.stdout).into_owned())
        });
    name.is_some_and(|name| name.trim_end().ends_with("postgres"))
}

fn ends_within(pid: Pid, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if !exists(pid) {
            return true;
        }
        thread::sleep(LOOK);
    }
    false
}
