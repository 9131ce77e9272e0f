//! A private PostgreSQL.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use nix::sys::signal::Signal;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    Folder,
    account::Account,
    blocking,
    error::Error,
    guard::{Guard, Spec},
    place::Place,
    port,
    program::PostgresPrograms,
};

mod cluster;
mod leftover;

/// Recovery after a crash is part of starting.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// How to run it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the data live.
    pub folder: Folder,
    /// Whether a commit survives a power cut. A killed process loses nothing either way.
    pub fsync: bool,
    /// The port; `None`: the one of the last time, or a free one.
    pub port: Option<u16>,
    /// Further settings of postgresql.conf.
    pub settings: Vec<(String, String)>,
}

impl Options {
    /// A server whose data stay in this folder.
    pub fn kept(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Folder::Kept(folder.into()),
            fsync: true,
            port: None,
            settings: Vec::new(),
        }
    }

    /// A server for tests: temporary folder, no fsync.
    pub fn temporary() -> Self {
        Self {
            folder: Folder::Temporary,
            fsync: false,
            port: None,
            settings: Vec::new(),
        }
    }
}

/// A running server. Dropping it stops the server in the background.
#[derive(Clone, Debug)]
pub struct Postgres(Arc<Mutex<Server>>);

#[derive(Debug)]
struct Server {
    options: Options,
    account: Account,
    programs: PostgresPrograms,
    password: SecretString,
    port: u16,
    guard: Option<Guard>,
    // After `guard`: the folder's lock is released when the server has been told to end.
    place: Place,
}

/// Starts a server and waits until it takes connections.
pub async fn start(options: Options) -> Result<Postgres, Error> {
    blocking(move || start_blocking(options)).await
}

/// The same for programs without a runtime.
pub fn start_blocking(options: Options) -> Result<Postgres, Error> {
    let account = Account::choose()?;
    let place = Place::take(&options.folder, account)?;
    let programs = PostgresPrograms::find(&data_folder(&place.folder))?;
    let password = place.password(account)?;
    let mut server = Server {
        options,
        account,
        programs,
        password,
        port: 0,
        guard: None,
        place,
    };
    let started =
        cluster::make(&server.place, account, &server.programs).and_then(|()| server.start());
    server.place.keep_if(started)?;
    Ok(Postgres(Arc::new(Mutex::new(server))))
}

impl Postgres {
    /// The address of the database `postgres`, as superuser.
    pub fn admin_url(&self) -> SecretString {
        let server = self.lock();
        let password = server.password.expose_secret();
        format!(
            "postgres://postgres:{password}@127.0.0.1:{}/postgres",
            server.port
        )
        .into()
    }

    /// The loopback port it listens on.
    pub fn port(&self) -> u16 {
        self.lock().port
    }

    /// The folder of its files, which for root may be another than asked for.
    pub fn folder(&self) -> PathBuf {
        self.lock().place.folder.clone()
    }

    /// A program that belongs to this server's version, such as `pg_dump`.
    pub fn tool(&self, name: &str) -> PathBuf {
        self.lock().programs.program(name)
    }

    /// The process id of the server.
    pub fn pid(&self) -> Option<i32> {
        self.lock().guard.as_ref().map(Guard::pid)
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.lock().guard.as_ref().is_some_and(Guard::is_running)
    }

    /// Stops it and waits for its end. Clients are disconnected; a temporary folder is removed.
    pub async fn stop(&self) -> Result<(), Error> {
        self.run(Server::stop).await
    }

    /// Kills it as a crash does, and waits until it is gone.
    pub async fn kill9(&self) -> Result<(), Error> {
        self.run(Server::kill9).await
    }

    /// Starts it again, on the same data and the same port; stops it first when it runs.
    pub async fn restart(&self) -> Result<(), Error> {
        self.run(Server::restart).await
    }

    /// [`Self::stop`] for programs without a runtime.
    pub fn stop_blocking(&self) -> Result<(), Error> {
        self.lock().stop()
    }

    async fn run(&self, work: fn(&mut Server) -> Result<(), Error>) -> Result<(), Error> {
        let this = self.clone();
        blocking(move || work(&mut this.lock())).await
    }

    fn lock(&self) -> MutexGuard<'_, Server> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    fn start(&mut self) -> Result<(), Error> {
        leftover::clear(&self.data())?;
        let asked = self.options.port;
        let (port, guard) = port::launch(asked, &self.place.folder, |port| self.launch(port))?;
        self.port = port;
        self.guard = Some(guard);
        Ok(())
    }

    fn launch(&self, port: u16) -> Result<Guard, Error> {
        let log = self.place.folder.join("log");
        let guard = Guard::start(&Spec {
            account: self.account,
            program: &self.programs.program("postgres"),
            arguments: &self.arguments(port),
            environment: &[],
            log: &log,
            // Kept data: disconnect everybody and write a checkpoint. Temporary data: just go.
            signal: if self.place.temporary {
                Signal::SIGQUIT
            } else {
                Signal::SIGINT
            },
            remove: self.place.temporary.then_some(self.place.folder.as_path()),
        })?;
        let pid_file = self.data().join("postmaster.pid");
        guard.wait_ready(READY_LIMIT, || leftover::says_ready(&pid_file, guard.pid()))?;
        Ok(guard)
    }

    fn arguments(&self, port: u16) -> Vec<String> {
        let fsync = if self.options.fsync { "on" } else { "off" };
        let mut settings = vec![
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", port.to_string()),
            ("unix_socket_directories", String::new()),
            ("max_connections", "200".to_owned()),
            ("fsync", fsync.to_owned()),
            ("full_page_writes", fsync.to_owned()),
            ("timezone", "UTC".to_owned()),
            ("log_timezone", "UTC".to_owned()),
            ("jit", "off".to_owned()),
        ];
        if self.place.temporary {
            // Shared memory as files of the folder, so that a killed server leaves nothing behind.
            settings.push(("dynamic_shared_memory_type", "mmap".to_owned()));
            // DROP DATABASE waits for every backend, also for one whose client stopped in the middle of logging in, as the
            // pool of a test that ends does: a minute by default.
            settings.push(("authentication_timeout", "5s".to_owned()));
        } else {
            // Details of an error quote rows, and a log that stays must not hold messages.
            settings.push(("log_error_verbosity", "terse".to_owned()));
        }
        let further = self
            .options
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()));
        let all = settings.into_iter().chain(further);
        let mut arguments = vec!["-D".to_owned(), self.data().display().to_string()];
        arguments
            .extend(all.flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]));
        arguments
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.guard.take().map_or(Ok(()), |mut guard| guard.stop())
    }

    fn kill9(&mut self) -> Result<(), Error> {
        self.guard.take().map_or(Ok(()), |mut guard| guard.kill9())
    }

    /// The port stays: clients know it.
    fn restart(&mut self) -> Result<(), Error> {
        if self.place.temporary {
            // A temporary server that is stopped takes its folder with it.
            self.kill9()?;
        } else {
            self.stop()?;
        }
        self.options.port = Some(self.port);
        self.start()
    }

    fn data(&self) -> PathBuf {
        data_folder(&self.place.folder)
    }
}

fn data_folder(folder: &Path) -> PathBuf {
    folder.join("data")
}
