//! People in a real browser: a program of the folder `browser` is told what to do, a JSON line a command.

mod files;
mod person;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub use files::OnDevice;
pub use person::Person;

/// How long a condition on the page may take to come true. Generous: a machine may be busy with other browsers.
const PATIENCE: Duration = Duration::from_secs(30);

/// A page with a chat window in a browser of its own; both end with this value.
#[derive(Debug)]
pub struct Browser(Driver);

impl Browser {
    /// Opens the demo page of an installation.
    ///
    /// # Panics
    /// When there is no browser, or the page does not come: the text says what to do.
    pub async fn open(url: &str) -> Self {
        Self::open_with(url, &[]).await
    }

    /// The same with settings of the browser: see serve.mjs.
    ///
    /// # Panics
    /// As [`Browser::open`].
    pub async fn open_with(url: &str, settings: &[(&str, &str)]) -> Self {
        Self(Driver::start("talk.mjs", url, settings).await)
    }

    /// Opens the chat by its button.
    pub async fn open_chat(&mut self) {
        self.0.tell(json!({"cmd": "open"})).await;
    }

    /// Closes the chat; the button stays.
    pub async fn close_chat(&mut self) {
        self.0.tell(json!({"cmd": "close"})).await;
    }

    /// Types a message and sends it.
    pub async fn send(&mut self, text: &str) {
        self.0.tell(json!({"cmd": "send", "text": text})).await;
    }

    /// Waits until the message stands in the chat, sent by this author ("visitor" or "company"), exactly once.
    pub async fn wait_text(&mut self, author: &str, text: &str) {
        self.0
            .tell(json!({"cmd": "waitText", "text": text, "author": author}))
            .await;
    }

    /// Waits until a message of the visitor is in this state ("sent" or "pending").
    pub async fn wait_state(&mut self, state: &str, text: &str) {
        self.0
            .tell(json!({"cmd": "waitText", "text": text, "author": "visitor", "state": state}))
            .await;
    }

    /// The messages in the chat: author, state and text.
    ///
    /// # Panics
    /// When the page does not answer.
    pub async fn texts(&mut self) -> Vec<(String, String, String)> {
        let answer = self.0.tell(json!({"cmd": "texts"})).await;
        let field =
            |message: &Value, name: &str| message[name].as_str().unwrap_or_default().to_owned();
        let messages = answer["texts"].as_array().expect("a list");
        messages
            .iter()
            .map(|it| (field(it, "author"), field(it, "state"), field(it, "text")))
            .collect()
    }

    /// Waits for the number on the button.
    pub async fn wait_unread(&mut self, count: u32) {
        self.0
            .tell(json!({"cmd": "waitUnread", "count": count}))
            .await;
    }

    /// Cuts the browser's network, or joins it again.
    pub async fn offline(&mut self, on: bool) {
        self.0.tell(json!({"cmd": "offline", "on": on})).await;
    }

    /// Waits until the chat says that there is no connection, or no longer does.
    pub async fn wait_notice(&mut self, on: bool) {
        self.0.tell(json!({"cmd": "waitNotice", "on": on})).await;
    }

    /// Loads the page anew.
    pub async fn reload(&mut self) {
        self.0.tell(json!({"cmd": "reload"})).await;
    }

    /// Opens a second tab of the same browser, and from now on tells that one what to do.
    pub async fn use_tab(&mut self, tab: u32) {
        self.0.tell(json!({"cmd": "tab", "index": tab})).await;
    }

    /// Errors of the page since the last time.
    ///
    /// # Panics
    /// When the page does not answer.
    pub async fn problems(&mut self) -> Vec<String> {
        self.0.problems().await
    }
}

/// A browser of its own; it ends with this value.
#[derive(Debug)]
struct Driver {
    _node: Child,
    input: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Driver {
    /// Starts a program of the folder `browser` with a page.
    async fn start(program: &str, url: &str, settings: &[(&str, &str)]) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("browser");
        let packages = folder.join("node_modules/playwright-core");
        assert!(
            packages.is_dir(),
            "the browser tests need playwright-core: run `npm ci` in integration-tests/browser (`make test` does)"
        );
        let mut command = Command::new("node");
        command
            .arg(program)
            .current_dir(folder)
            .env("BASE_URL", url)
            .env("CHROMIUM", chromium())
            .envs(settings.iter().copied());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut node = command
            .spawn()
            .expect("Node.js is needed: install version 20 or newer (https://nodejs.org)");
        let input = node.stdin.take().expect("its standard input");
        let answers = BufReader::new(node.stdout.take().expect("its standard output")).lines();
        let mut driver = Self {
            _node: node,
            input,
            answers,
        };
        driver.answer("opening the page").await;
        driver
    }

    async fn tell(&mut self, mut command: Value) -> Map<String, Value> {
        command["timeout"] = json!(PATIENCE.as_millis() as u64);
        let line = format!("{command}\n");
        self.input
            .write_all(line.as_bytes())
            .await
            .expect("the browser listens");
        self.answer(line.trim()).await
    }

    async fn answer(&mut self, what: &str) -> Map<String, Value> {
        let line = tokio::time::timeout(PATIENCE * 2, self.answers.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("{what}: the browser does not answer"));
        let line = line
            .expect("readable output")
            .unwrap_or_else(|| panic!("{what}: the browser has ended"));
        let answer: Map<String, Value> =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{what}: {error}: {line}"));
        assert_eq!(
            answer.get("ok"),
            Some(&Value::Bool(true)),
            "{what}: {}",
            answer.get("error").unwrap_or(&Value::Null)
        );
        answer
    }

    async fn problems(&mut self) -> Vec<String> {
        let answer = self.tell(json!({"cmd": "problems"})).await;
        texts(&answer["problems"])
    }
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("a list").iter();
    list.map(|it| it.as_str().unwrap_or_default().to_owned())
        .collect()
}

/// The browser: `CHROMIUM`, else where distributions put it.
fn chromium() -> PathBuf {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return named.into();
    }
    let usual = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
        "/opt/homebrew/bin/chromium",
    ];
    let found = usual
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists());
    found.expect("the browser tests need Chromium: install it (apt-get install chromium, dnf install chromium, brew install --cask chromium) or name one in CHROMIUM")
}
