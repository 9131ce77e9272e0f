//! A private Redis. It keeps nothing on disk: all that matters is in PostgreSQL.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
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
    port, program,
};

const READY_LIMIT: Duration = Duration::from_secs(20);

/// How to run it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where its log and its settings live.
    pub folder: Folder,
    /// The port; `None`: the one of the last time, or a free one.
    pub port: Option<u16>,
}

impl Options {
    /// A server with a folder of its own.
    pub fn kept(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Folder::Kept(folder.into()),
            port: None,
        }
    }

    /// A server for tests.
    pub fn temporary() -> Self {
        Self {
            folder: Folder::Temporary,
            port: None,
        }
    }
}

/// A running server. Dropping it stops the server in the background.
#[derive(Clone, Debug)]
pub struct Redis(Arc<Mutex<Server>>);

#[derive(Debug)]
struct Server {
    options: Options,
    account: Account,
    program: PathBuf,
    password: SecretString,
    port: u16,
    guard: Option<Guard>,
    place: Place,
}

/// Starts a server and waits until it answers.
pub async fn start(options: Options) -> Result<Redis, Error> {
    blocking(move || start_blocking(options)).await
}

/// The same for programs without a runtime.
pub fn start_blocking(options: Options) -> Result<Redis, Error> {
    let program = program::redis_server()?;
    let account = Account::choose()?;
    let place = Place::take(&options.folder, account)?;
    let password = place.password(account)?;
    let mut server = Server {
        options,
        account,
        program,
        password,
        port: 0,
        guard: None,
        place,
    };
    let started = server.start();
    server.place.keep_if(started)?;
    Ok(Redis(Arc::new(Mutex::new(server))))
}

impl Redis {
    /// Its address, with the password.
    pub fn url(&self) -> SecretString {
        let server = self.lock();
        format!(
            "redis://:{}@127.0.0.1:{}/0",
            server.password.expose_secret(),
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

    /// The process id of the server.
    pub fn pid(&self) -> Option<i32> {
        self.lock().guard.as_ref().map(Guard::pid)
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.lock().guard.as_ref().is_some_and(Guard::is_running)
    }

    /// Stops it and waits for its end.
    pub async fn stop(&self) -> Result<(), Error> {
        self.run(Server::stop).await
    }

    /// Kills it as a crash does, and waits until it is gone.
    pub async fn kill9(&self) -> Result<(), Error> {
        self.run(Server::kill9).await
    }

    /// Starts it again on the same port, empty; kills it first when it runs.
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
        let asked = self.options.port;
        let (port, guard) = port::launch(asked, &self.place.folder, |port| self.launch(port))?;
        self.port = port;
        self.guard = Some(guard);
        Ok(())
    }

    fn launch(&self, port: u16) -> Result<Guard, Error> {
        // The password goes by file: arguments can be read by every user of the machine.
        let settings =
            self.place
                .write_private(self.account, "redis.conf", &self.settings(port))?;
        let log = self.place.folder.join("log");
        let guard = Guard::start(&Spec {
            account: self.account,
            program: &self.program,
            arguments: &[settings.display().to_string()],
            environment: &[],
            log: &log,
            signal: Signal::SIGTERM,
            remove: self.place.temporary.then_some(self.place.folder.as_path()),
        })?;
        guard.wait_ready(READY_LIMIT, || self.answers(port).unwrap_or(false))?;
        Ok(guard)
    }

    /// `noeviction`: a full Redis refuses writes, which is noticed, instead of forgetting silently.
    fn settings(&self, port: u16) -> String {
        let password = self.password.expose_secret();
        let folder = self.place.folder.display();
        format!(
            "bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir \"{folder}\"\nsave \"\"\n\
             appendonly no\nmaxmemory-policy noeviction\ndaemonize no\n"
        )
    }

    /// Asks with the password, so that another program on the port is not taken for ours.
    fn answers(&self, port: u16) -> std::io::Result<bool> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        write!(stream, "AUTH {}\r\nQUIT\r\n", self.password.expose_secret())?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        Ok(reply.starts_with("+OK"))
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.guard.take().map_or(Ok(()), |mut guard| guard.stop())
    }

    fn kill9(&mut self) -> Result<(), Error> {
        self.guard.take().map_or(Ok(()), |mut guard| guard.kill9())
    }

    /// The port stays: clients know it.
    fn restart(&mut self) -> Result<(), Error> {
        self.kill9()?;
        self.options.port = Some(self.port);
        self.start()
    }
}
