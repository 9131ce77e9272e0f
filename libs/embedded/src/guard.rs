//! A child process that cannot outlive its owner.
//!
//! The owner starts `guard.sh`, which starts the server and then waits for the end of a pipe whose
//! other end only the owner holds. The kernel closes that end when the owner ends, however it ends.
//! (The parent-death signal of Linux is not used: it needs unsafe code, is lost when the user id
//! changes, and does not exist elsewhere.)

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    account::Account,
    error::{Doing, Error},
};

/// How often something that has no event is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(10);
/// `guard.sh` takes at most 30 s to end a server that does not want to.
const STOP_LIMIT: Duration = Duration::from_secs(40);

/// What to run, and how it is to end.
pub(crate) struct Spec<'a> {
    pub(crate) account: Account,
    pub(crate) program: &'a Path,
    pub(crate) arguments: &'a [String],
    pub(crate) environment: &'a [(String, String)],
    pub(crate) log: &'a Path,
    /// The signal that asks it to end.
    pub(crate) signal: Signal,
    /// A folder to delete when the owner ends.
    pub(crate) remove: Option<&'a Path>,
}

/// A running server and the shell that guards it.
#[derive(Debug)]
pub(crate) struct Guard {
    shell: Child,
    pipe: Option<ChildStdin>,
    words: BufReader<ChildStdout>,
    server: Pid,
    log: PathBuf,
}

impl Guard {
    pub(crate) fn start(spec: &Spec<'_>) -> Result<Self, Error> {
        let what = || format!("start {}", spec.program.display());
        let mut command = Command::new("/bin/sh");
        spec.account.apply(&mut command);
        command
            .args(["-c", include_str!("guard.sh"), "sh"])
            .arg(spec.log)
            .arg(spec.signal.as_str().trim_start_matches("SIG"))
            .arg(spec.remove.unwrap_or_else(|| Path::new("")))
            .arg(spec.program)
            .args(spec.arguments)
            .envs(spec.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut shell = command.spawn().doing(what)?;
        let pipe = shell.stdin.take();
        let Some(words) = shell.stdout.take() else {
            return Err(no_word(spec));
        };
        let mut words = BufReader::new(words);
        let mut line = String::new();
        words.read_line(&mut line).doing(what)?;
        let server = line.trim().parse().map_err(|_| no_word(spec))?;
        Ok(Self {
            shell,
            pipe,
            words,
            server: Pid::from_raw(server),
            log: spec.log.to_owned(),
        })
    }

    /// The process id of the server itself.
    pub(crate) fn pid(&self) -> i32 {
        self.server.as_raw()
    }

    /// Whether the server runs. A process that has ended is no longer there, because the shell
    /// collects it at once.
    pub(crate) fn is_running(&self) -> bool {
        exists(self.server)
    }

    /// Ends the server by its signal, and waits for it; the temporary folder goes with it.
    pub(crate) fn stop(&mut self) -> Result<(), Error> {
        self.pipe = None;
        let deadline = Instant::now() + STOP_LIMIT;
        while Instant::now() < deadline {
            let ended = self
                .shell
                .try_wait()
                .doing(|| "wait for a private server".into())?;
            if ended.is_some() && !self.is_running() {
                return Ok(());
            }
            if ended.is_some() {
                // Somebody killed the shell: do what it would have done.
                self.signal(Signal::SIGKILL);
            }
            thread::sleep(LOOK);
        }
        Err(self.failed("the server did not end"))
    }

    /// Ends the server as a crash does, and leaves its folder alone.
    pub(crate) fn kill9(&mut self) -> Result<(), Error> {
        self.signal(Signal::SIGKILL);
        self.release()
    }

    /// Lets go of a server that has ended or is about to, keeping its folder.
    pub(crate) fn release(&mut self) -> Result<(), Error> {
        let what = || "wait for a private server to end".to_owned();
        let mut line = String::new();
        self.words.read_line(&mut line).doing(what)?;
        if let Some(mut pipe) = self.pipe.take() {
            // A shell without a folder to remove has ended already and does not read this.
            let _ = pipe.write_all(b"keep\n");
        }
        self.shell.wait().doing(what)?;
        Ok(())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // It may have ended meanwhile, which is what is wanted.
        let _ = kill(self.server, signal);
    }

    /// Waits until `ready` says so, for as long as the server runs.
    pub(crate) fn wait_ready(
        &self,
        limit: Duration,
        ready: impl Fn() -> bool,
    ) -> Result<(), Error> {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if ready() {
                return Ok(());
            }
            if !self.is_running() {
                return Err(self.failed("the server ended while starting"));
            }
            thread::sleep(LOOK);
        }
        Err(self.failed(&format!("the server was not ready within {limit:?}")))
    }

    fn failed(&self, what: &str) -> Error {
        failed(what, &self.log)
    }
}

fn no_word(spec: &Spec<'_>) -> Error {
    failed(
        &format!("{} could not be started", spec.program.display()),
        spec.log,
    )
}

/// An error that shows the end of the log.
pub(crate) fn failed(what: &str, log: &Path) -> Error {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(15)..].join("\n");
    Error::Failed {
        what: what.to_owned(),
        log: log.to_owned(),
        tail,
    }
}

/// Whether a process of that id runs. One that has ended but was not collected by its parent, as
/// happens under an idle init process, does not.
pub(crate) fn exists(pid: Pid) -> bool {
    if matches!(kill(pid, None), Err(nix::errno::Errno::ESRCH)) {
        return false;
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // "4711 (name) S …": the name may itself hold brackets.
    !stat
        .rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with('Z'))
}
