//! A service as a process of its own, to be killed.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::wait_for_state;

/// How long a service may drain.
const TERMINATE: Duration = Duration::from_secs(30);
/// Lines of the log that are shown when the test fails.
const SHOWN: usize = 60;

/// A process whose output goes to a file, which is shown when the test fails. It ends with this
/// value, and also when the test is killed.
#[derive(Debug)]
pub struct Process {
    name: String,
    program: embedded::Program,
    running: embedded::Process,
    _folder: TempDir,
}

impl Process {
    /// Starts a program with variables beside our own.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let program = embedded::Program {
            program: program.to_owned(),
            arguments: arguments.iter().map(|it| (*it).to_owned()).collect(),
            environment: environment.collect(),
            log: folder.path().join("log"),
        };
        let name = format!("{} {}", program.program.display(), arguments.join(" "));
        let running = program
            .start()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        Self {
            name,
            program,
            running,
            _folder: folder,
        }
    }

    /// Waits for the line it prints as JSON when it is ready, known by the field `key`.
    ///
    /// # Panics
    /// When it ends, or does not print such a line within 30 s.
    pub async fn wait_line(&self, key: &str) -> Map<String, Value> {
        let what = format!("{} prints a line of JSON with \"{key}\"", self.name);
        wait_for_state(&what, async || {
            self.assert_running();
            let log = self.log();
            let objects = log
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok());
            objects
                .into_iter()
                .rfind(|it: &Map<_, _>| it.contains_key(key))
                .ok_or("no such line")
        })
        .await
    }

    /// Waits until a GET of this path answers 200.
    ///
    /// # Panics
    /// When the process ends, or does not answer so within 30 s.
    pub async fn wait_ready(&self, address: SocketAddr, path: &str) {
        let what = format!("{} is ready at http://{address}{path}", self.name);
        wait_for_state(&what, async || {
            self.assert_running();
            let path = path.to_owned();
            let asked = tokio::task::spawn_blocking(move || status_line(address, &path)).await;
            let line = asked
                .expect("no panic")
                .map_err(|error| error.to_string())?;
            if line.contains(" 200") {
                Ok(())
            } else {
                Err(line)
            }
        })
        .await;
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.running.pid()
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.running.is_running()
    }

    /// All it has printed so far, in every life.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.program.log).unwrap_or_default()).into_owned()
    }

    /// Kills it as a crash does, and waits until it is gone.
    ///
    /// # Panics
    /// When that fails.
    pub fn kill9(&mut self) {
        self.running
            .kill9()
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// Asks it to end, and waits until it has drained.
    ///
    /// # Panics
    /// When it does not end within 30 s.
    pub fn terminate(&mut self) {
        let ended = self.running.terminate(TERMINATE);
        ended.unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// Starts it again, with a new log, so that [`Self::wait_line`] sees the new life only.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_again(&mut self) {
        assert!(!self.is_running(), "{} still runs", self.name);
        let old = self.log();
        self.keep_old_log(&old);
        self.running = self
            .program
            .start()
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    fn keep_old_log(&self, text: &str) {
        let path: PathBuf = self.program.log.with_extension("old");
        let mut old = fs::read(&path).unwrap_or_default();
        old.extend_from_slice(text.as_bytes());
        fs::write(&path, old).expect("the old log is kept");
        fs::write(&self.program.log, "").expect("the log is emptied");
    }

    fn assert_running(&self) {
        assert!(self.is_running(), "{} ended", self.name);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let shown = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
        eprintln!("──── the end of the log of {}:\n{shown}\n────", self.name);
    }
}

fn status_line(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    let reply = String::from_utf8_lossy(&reply).into_owned();
    Ok(reply.lines().next().unwrap_or_default().to_owned())
}
