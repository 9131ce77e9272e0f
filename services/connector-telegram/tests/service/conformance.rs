//! The connector as the conformance program finds it: Telegram's double is the other side of the channel.

use std::io;
use std::time::Duration;

use conformance::{Abilities, Channel, Credentials, File, Options, Received, Subject, Written};
use connector_telegram::Config;
use kit::lifecycle::Lifecycle;
use serde_json::{Value, json};
use testkit::identity::{Identity, SECRET};
use types::Clock;

use crate::telegram::{Fault, TOKEN, Telegram};
use crate::world::run;

#[tonic::async_trait]
impl Channel for Telegram {
    fn abilities(&self) -> Abilities {
        Abilities {
            files: true,
            unsupported: true,
            hold: true,
            lose_answer: true,
        }
    }

    async fn write(&mut self, message: Written) -> io::Result<()> {
        let Written {
            chat,
            text,
            file,
            unsupported,
        } = message;
        let more = match file {
            _ if unsupported => json!({"giveaway": {"winner_count": 1}}),
            None => json!({"text": text}),
            Some(File { name, bytes }) => self.document(&text, &name, &bytes),
        };
        Telegram::write(self, number(&chat)?, more);
        Ok(())
    }

    async fn received(&mut self, chat: &str) -> io::Result<Vec<Received>> {
        let chat = number(chat)?;
        let sent = self.sent().into_iter().filter(|sent| sent.chat == chat);
        let received = sent.map(|sent| Received {
            text: sent.text,
            files: sent.files.into_iter().map(|(.., bytes)| bytes).collect(),
        });
        Ok(received.collect())
    }

    async fn hold(&mut self, chat: &str, is_held: bool) -> io::Result<()> {
        Telegram::hold(self, number(chat)?, is_held);
        Ok(())
    }

    async fn lose_answer(&mut self) -> io::Result<()> {
        self.fail(&[Fault::Cut]);
        Ok(())
    }
}

impl Telegram {
    fn document(&self, caption: &str, name: &str, bytes: &[u8]) -> Value {
        self.keep_file(caption, bytes);
        json!({"caption": caption,
            "document": {"file_id": caption, "file_name": name, "file_size": bytes.len()}})
    }
}

fn number(chat: &str) -> io::Result<i64> {
    chat.parse().map_err(io::Error::other)
}

/// The connector in this process.
struct InProcess {
    config: Config,
    life: Lifecycle,
}

#[tonic::async_trait]
impl Subject for InProcess {
    async fn start(&mut self, url: &str, _: &str) -> io::Result<()> {
        url.clone_into(&mut self.config.conversations);
        (_, self.life) = run(self.config.clone()).await;
        Ok(())
    }

    async fn kill(&mut self) -> io::Result<()> {
        self.life.drain(Duration::ZERO).await;
        Ok(())
    }
}

#[tokio::test]
async fn the_connector_passes_the_conformance_program() {
    let (life, clock) = (Lifecycle::new(), Clock::system());
    let (_, identity) = Identity::start("connector-telegram", clock.clone(), &life).await;
    let (telegram, api) = Telegram::start(&life).await;
    let config = Config {
        listen: "127.0.0.1:0".parse().expect("an address"),
        identity,
        conversations: String::new(),
        service_secret: SECRET.to_owned().into(),
        api_url: api.parse().expect("an address"),
        public_url: "https://chat.example.com/".to_owned(),
        poll_time: Duration::from_secs(5),
        clock,
    };
    let settings = json!({"token": TOKEN});
    let options = Options {
        credentials: Credentials::Any,
        ..Options::new("telegram", settings.as_object().expect("an object").clone())
    };
    let subject = InProcess {
        config,
        life: Lifecycle::new(),
    };
    let checked =
        conformance::connector::check(options, Box::new(telegram), Box::new(subject), &[], |_| {});
    let report = checked.await.expect("started");
    assert_eq!(
        report.count(conformance::Verdict::Passed),
        report.cases.len(),
        "{report}"
    );
    life.stop();
}
