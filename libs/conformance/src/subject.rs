//! The connector that is checked, as far as it is started and ended.

use std::ffi::OsString;
use std::io;
use std::process::Stdio;

use tokio::process::Child;

/// A connector that can be started and killed.
#[tonic::async_trait]
pub trait Subject: Send + Sync {
    /// Can it be started and killed at all?
    fn is_ours(&self) -> bool {
        true
    }

    /// Starts it, at a hub with this address, with this key as its credentials.
    ///
    /// # Errors
    /// When it cannot be started.
    async fn start(&mut self, url: &str, api_key: &str) -> io::Result<()>;

    /// Kills it, whatever it is at.
    ///
    /// # Errors
    /// When it cannot be killed.
    async fn kill(&mut self) -> io::Result<()>;

    /// Why it has ended by itself, if it has.
    fn ended(&mut self) -> Option<String> {
        None
    }
}

/// A connector that is a command: it finds the hub's address in `BESEDA_URL` and its key in `BESEDA_API_KEY`.
#[derive(Debug)]
pub struct Command {
    program: OsString,
    arguments: Vec<OsString>,
    child: Option<Child>,
}

impl Command {
    /// A command with its arguments.
    #[must_use]
    pub fn new(program: impl Into<OsString>, arguments: Vec<OsString>) -> Self {
        Self {
            program: program.into(),
            arguments,
            child: None,
        }
    }
}

#[tonic::async_trait]
impl Subject for Command {
    async fn start(&mut self, url: &str, api_key: &str) -> io::Result<()> {
        let child = tokio::process::Command::new(&self.program)
            .args(&self.arguments)
            .env("BESEDA_URL", url)
            .env("BESEDA_API_KEY", api_key)
            .stdin(Stdio::null())
            // The report alone is on standard output.
            .stdout(io::stderr())
            .kill_on_drop(true)
            // Its own group: what it starts goes with it.
            .process_group(0)
            .spawn()?;
        self.child = Some(child);
        Ok(())
    }

    async fn kill(&mut self) -> io::Result<()> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        if let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()) {
            // It may have ended by itself.
            let _ = nix::sys::signal::killpg(
                nix::unistd::Pid::from_raw(id),
                nix::sys::signal::Signal::SIGKILL,
            );
        }
        child.wait().await.map(drop)
    }

    fn ended(&mut self) -> Option<String> {
        let status = self.child.as_mut()?.try_wait().ok()??;
        Some(format!("the connector ended by itself: {status}"))
    }
}

/// A connector that somebody starts by hand: what needs it killed is left out.
#[derive(Debug)]
pub struct Elsewhere;

#[tonic::async_trait]
impl Subject for Elsewhere {
    fn is_ours(&self) -> bool {
        false
    }

    async fn start(&mut self, _: &str, _: &str) -> io::Result<()> {
        Ok(())
    }

    async fn kill(&mut self) -> io::Result<()> {
        Ok(())
    }
}
