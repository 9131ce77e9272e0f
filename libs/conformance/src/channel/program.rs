//! A channel whose other side is a program: it reads requests from its standard input, a line of JSON each, and answers each by a
//! line of JSON on its standard output.

use std::ffi::OsString;
use std::io;
use std::process::Stdio;

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::{Abilities, Channel, Received, Written};

/// The program.
#[derive(Debug)]
pub struct Program {
    abilities: Abilities,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// It ends with this.
    _child: Child,
}

#[derive(Deserialize)]
struct Messages {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    text: String,
    /// Base64.
    #[serde(default)]
    files: Vec<String>,
}

impl Program {
    /// Starts it by the shell and asks what it can do.
    ///
    /// # Errors
    /// When it cannot be started, or does not answer.
    pub async fn start(command: &str) -> io::Result<Self> {
        let shell = [OsString::from("-c"), OsString::from(command)];
        let mut child = Command::new("sh")
            .args(shell)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the program has no input or output"));
        };
        let mut program = Self {
            abilities: Abilities::default(),
            requests,
            answers: BufReader::new(answers).lines(),
            _child: child,
        };
        let abilities = program.ask(&json!({"do": "abilities"})).await?;
        program.abilities = serde_json::from_value(abilities)?;
        Ok(program)
    }

    async fn ask(&mut self, request: &Value) -> io::Result<Value> {
        let line = format!("{request}\n");
        self.requests.write_all(line.as_bytes()).await?;
        self.requests.flush().await?;
        let answer = self.answers.next_line().await?;
        let answer = answer.ok_or_else(|| io::Error::other("the channel's program has ended"))?;
        let answer: Value = serde_json::from_str(&answer)?;
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(io::Error::other(error.to_owned())),
            None => Ok(answer),
        }
    }
}

#[tonic::async_trait]
impl Channel for Program {
    fn abilities(&self) -> Abilities {
        self.abilities
    }

    async fn write(&mut self, message: Written) -> io::Result<()> {
        let mut request = json!({"do": "write", "chat": message.chat, "text": message.text});
        if let Some(file) = &message.file {
            request["file"] = json!({"name": file.name, "base64": BASE64.encode(&file.bytes)});
        }
        if message.unsupported {
            request["unsupported"] = json!(true);
        }
        self.ask(&request).await.map(drop)
    }

    async fn received(&mut self, chat: &str) -> io::Result<Vec<Received>> {
        let answer = self.ask(&json!({"do": "received", "chat": chat})).await?;
        let Messages { messages } = serde_json::from_value(answer)?;
        let received = messages.into_iter().map(|message| {
            let files = message.files.iter();
            let files = files.map(|file| BASE64.decode(file.as_bytes()).map_err(io::Error::other));
            Ok(Received {
                text: message.text,
                files: files.collect::<io::Result<_>>()?,
            })
        });
        received.collect()
    }

    async fn hold(&mut self, chat: &str, is_held: bool) -> io::Result<()> {
        let request = json!({"do": if is_held { "hold" } else { "let_go" }, "chat": chat});
        self.ask(&request).await.map(drop)
    }

    async fn lose_answer(&mut self) -> io::Result<()> {
        self.ask(&json!({"do": "lose_answer"})).await.map(drop)
    }
}
