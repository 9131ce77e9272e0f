//! The connector as the conformance program finds it: the double of the Cloud API is the other side of the channel.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::connector::internal::v1::ReceiveRequest;
use api::connector::internal::v1::hook_service_client::HookServiceClient;
use auth::Principal;
use conformance::{
    Abilities, Channel, Credentials, File, Options, Received, Report, Subject, Written,
};
use connector_whatsapp::Config;
use kit::lifecycle::Lifecycle;
use serde_json::{Value, json};
use testkit::identity::{Identity, SECRET};
use tokio::sync::mpsc;
use tonic::transport::Channel as Port;
use types::Clock;

use crate::cloud::{Cloud, Fault, TOKEN};
use crate::world::{payload, run, settings, sign, with};

/// How soon WhatsApp calls again where it was not answered.
const AGAIN: Duration = Duration::from_millis(100);

/// The connector's own port, as long as it runs.
type Door = Arc<Mutex<Option<Port>>>;

/// WhatsApp with its clients' phones.
struct Phones {
    cloud: Cloud,
    calls: mpsc::UnboundedSender<Value>,
    written: usize,
}

/// Makes WhatsApp's calls one after the other, each until it is answered.
async fn call(mut calls: mpsc::UnboundedReceiver<Value>, door: Door, path: String, token: String) {
    while let Some(payload) = calls.recv().await {
        let body = payload.to_string().into_bytes();
        let request = ReceiveRequest {
            method: "POST".to_owned(),
            path: path.clone(),
            headers: [("x-hub-signature-256".to_owned(), sign(&body))].into(),
            body,
            ..ReceiveRequest::default()
        };
        loop {
            let port = door.lock().expect("no panic").clone();
            if let Some(port) = port {
                let mut hooks = HookServiceClient::new(port);
                let answer = hooks.receive(with(&token, request.clone()));
                if answer.await.is_ok_and(|it| it.get_ref().status == 200) {
                    break;
                }
            }
            Clock::system().sleep(AGAIN).await;
        }
    }
}

#[tonic::async_trait]
impl Channel for Phones {
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
        self.written += 1;
        let (from, id) = (number(&chat), format!("wamid.C{}", self.written));
        let mut whole = json!({"from": from, "id": id, "timestamp": "1800000000", "type": "text", "text": {"body": text}});
        if unsupported {
            whole["type"] = json!("hologram");
        } else if let Some(File { name, bytes }) = file {
            let place = format!("777{}", self.written);
            self.cloud.keep_file(&place, &bytes);
            whole["type"] = json!("document");
            whole["document"] = json!({"id": place, "filename": name, "caption": text});
        }
        self.cloud.open_dialogue(&from);
        let contacts = json!([{"wa_id": from, "profile": {"name": "Client"}}]);
        let told = payload(&json!({"contacts": contacts, "messages": [whole]}));
        self.calls.send(told).map_err(io::Error::other)
    }

    async fn received(&mut self, chat: &str) -> io::Result<Vec<Received>> {
        let to = number(chat);
        let sent = self.cloud.sent().into_iter().filter(|sent| sent.to == to);
        let received = sent.map(|sent| {
            let text = |name: &str| sent.content[name].as_str().map(str::to_owned);
            Received {
                text: text("body").or_else(|| text("caption")).unwrap_or_default(),
                files: sent.file.into_iter().map(|(.., bytes)| bytes).collect(),
            }
        });
        Ok(received.collect())
    }

    async fn hold(&mut self, chat: &str, is_held: bool) -> io::Result<()> {
        self.cloud.hold(&number(chat), is_held);
        Ok(())
    }

    async fn lose_answer(&mut self) -> io::Result<()> {
        self.cloud.fail(&[Fault::Cut]);
        Ok(())
    }
}

/// The telephone number of a chat. Numbers have at most fifteen digits, and chats are counted: their last digits differ.
fn number(chat: &str) -> String {
    let last = &chat[chat.len().saturating_sub(11)..];
    format!("7999{last:0>8}")
}

/// The connector in this process.
struct InProcess {
    config: Config,
    door: Door,
    life: Lifecycle,
}

#[tonic::async_trait]
impl Subject for InProcess {
    async fn start(&mut self, url: &str, _: &str) -> io::Result<()> {
        url.clone_into(&mut self.config.conversations);
        let (port, life) = run(self.config.clone()).await;
        self.life = life;
        *self.door.lock().expect("no panic") = Some(port);
        Ok(())
    }

    async fn kill(&mut self) -> io::Result<()> {
        *self.door.lock().expect("no panic") = None;
        self.life.drain(Duration::ZERO).await;
        Ok(())
    }
}

/// What the program finds, in these cases or in all; `chats` of one case go side by side.
async fn check(chats: Option<usize>, only: &[String]) -> Report {
    let (life, clock) = (Lifecycle::new(), Clock::system());
    let (identity, own) = Identity::start("connector-whatsapp", clock.clone(), &life).await;
    let cloud = Cloud::start(&life).await;
    let config = Config {
        listen: "127.0.0.1:0".parse().expect("an address"),
        identity: own,
        conversations: String::new(),
        service_secret: SECRET.to_owned().into(),
        api_url: cloud.api().parse().expect("an address"),
        media_hosts: vec![cloud.host()],
        look_time: Duration::from_secs(3_600),
        clock,
    };
    let settings = settings(TOKEN);
    let settings = settings.as_object().expect("an object").clone();
    let mut options = Options::new("whatsapp", settings);
    options.credentials = Credentials::Any;
    options.chats = chats.unwrap_or(options.chats);
    let gateway = identity.token(Principal::Service {
        name: "gateway".to_owned(),
    });
    let door = Door::default();
    let (calls, made) = mpsc::unbounded_channel();
    let path = options.connection.to_string();
    life.spawn("calls", call(made, Arc::clone(&door), path, gateway));
    let phones = Phones {
        cloud,
        calls,
        written: 0,
    };
    let subject = InProcess {
        config,
        door,
        life: Lifecycle::new(),
    };
    let checked =
        conformance::connector::check(options, Box::new(phones), Box::new(subject), only, |_| {});
    let report = checked.await.expect("started");
    life.stop();
    report
}

#[tokio::test]
async fn the_connector_passes_the_conformance_program() {
    let report = check(None, &[]).await;
    let passed = report.count(conformance::Verdict::Passed);
    assert_eq!(passed, report.cases.len(), "{report}");
}

/// A thousand, so that it takes seconds. `BESEDA_TEST_CHATS=10000` sets another number.
#[tokio::test]
async fn thousands_of_chats_go_side_by_side_and_a_blocked_one_delays_none() {
    let chats = std::env::var("BESEDA_TEST_CHATS").ok();
    let chats = chats.map_or(1_000, |it| it.parse().expect("a number"));
    let report = check(Some(chats), &["many-chats".to_owned()]).await;
    assert!(report.passed(), "{report}");
}
