//! Any other program, guarded as the servers are: the tests' own services, ended with the test.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use crate::{
    account::Account,
    error::Error,
    guard::{Guard, LOOK, Spec, failed},
};

/// What to run.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables beside our own.
    pub environment: Vec<(String, String)>,
    /// Where its output and its errors go.
    pub log: PathBuf,
}

/// A program that ends when this value is dropped, or its owner ends.
#[derive(Debug)]
pub struct Process {
    guard: Guard,
    log: PathBuf,
}

impl Program {
    /// Starts it as ourselves.
    pub fn start(&self) -> Result<Process, Error> {
        let guard = Guard::start(&Spec {
            account: Account::Ourselves,
            program: &self.program,
            arguments: &self.arguments,
            environment: &self.environment,
            log: &self.log,
            signal: Signal::SIGTERM,
            remove: None,
        })?;
        Ok(Process {
            guard,
            log: self.log.clone(),
        })
    }
}

impl Process {
    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.guard.pid()
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.guard.is_running()
    }

    /// Kills it as a crash does, and waits until it is gone.
    pub fn kill9(&mut self) -> Result<(), Error> {
        self.guard.kill9()
    }

    /// Asks it to end (SIGTERM), and waits for that.
    pub fn terminate(&mut self, limit: Duration) -> Result<(), Error> {
        self.guard.signal(Signal::SIGTERM);
        let deadline = Instant::now() + limit;
        while self.is_running() {
            if Instant::now() > deadline {
                return Err(failed(
                    &format!("it did not end within {limit:?} of SIGTERM"),
                    &self.log,
                ));
            }
            thread::sleep(LOOK);
        }
        self.guard.release()
    }
}
