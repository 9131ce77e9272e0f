//! Another process that owns servers and can be killed: this very test program, started again.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use embedded::{Folder, postgres, redis};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

const FOLDER: &str = "EMBEDDED_TEST_OWNER";

/// The process that owns a PostgreSQL and a Redis.
pub struct Owner {
    child: Mutex<Child>,
    pub postgres: i32,
    redis: i32,
    pub folder: PathBuf,
}

impl Owner {
    pub fn start(folder: &Folder) -> Self {
        let folder = match folder {
            Folder::Kept(path) => path.clone(),
            Folder::Temporary => PathBuf::new(),
        };
        let mut child = Command::new(env::current_exe().expect("a test program"))
            .args(["--exact", "owner::process_that_owns_servers", "--nocapture"])
            .env(FOLDER, &folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let words = BufReader::new(child.stdout.take().expect("an output"));
        let line = words
            .lines()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("owns ")?.1.to_owned()));
        let line = line.expect("it says what it owns");
        let [postgres, redis, folder] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let pid = |text: &str| text.parse().expect("a process id");
        Self {
            child: Mutex::new(child),
            postgres: pid(postgres),
            redis: pid(redis),
            folder: folder.into(),
        }
    }

    pub fn servers(&self) -> [i32; 2] {
        [self.postgres, self.redis]
    }

    pub fn kill9(&self) {
        let mut child = self.child.lock().expect("no panic");
        child.kill().expect("killed, or ended before");
        child.wait().expect("it ended");
    }

    /// The guard of PostgreSQL first, so that it cannot notice the end of the owner.
    pub fn kill9_with_guard(&self) {
        let guard = process(self.postgres).expect("it runs").parent;
        let everything = fs::read_dir("/proc").expect("processes").flatten();
        let pids = everything.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let of_guard = |pid: &i32| process(*pid).is_some_and(|it| it.parent == guard);
        for pid in pids
            .filter(of_guard)
            .filter(|pid| *pid != self.postgres)
            .chain([guard])
        {
            kill(Pid::from_raw(pid), Signal::SIGKILL).expect("killed");
        }
        self.kill9();
    }
}

impl Drop for Owner {
    /// Also when the test fails.
    fn drop(&mut self) {
        self.kill9();
    }
}

/// Does nothing when it runs as a test.
#[test]
fn process_that_owns_servers() {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    let temporary = folder.is_empty();
    let kept = postgres::Options::kept(folder);
    let options = if temporary {
        postgres::Options::temporary()
    } else {
        kept
    };
    let postgres = postgres::start_blocking(options).expect("started");
    let redis = redis::start_blocking(redis::Options::temporary()).expect("started");
    let pids = (
        postgres.pid().expect("it runs"),
        redis.pid().expect("it runs"),
    );
    println!("owns {} {} {}", pids.0, pids.1, postgres.folder().display());
    loop {
        thread::park();
    }
}

/// Not counting what has ended and was not collected.
pub fn exists(pid: i32) -> bool {
    process(pid).is_some_and(|it| it.state != "Z")
}

struct Listed {
    state: String,
    parent: i32,
}

/// `4711 (name) S 1 …`
fn process(pid: i32) -> Option<Listed> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace();
    Some(Listed {
        state: fields.next()?.to_owned(),
        parent: fields.next()?.parse().ok()?,
    })
}

pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "not within 20 s: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
