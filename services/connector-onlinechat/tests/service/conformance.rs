//! The connector as the conformance program finds it: visitors' browsers are the other side of the channel.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use api::error::v1::ErrorReason;
use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use api::onlinechat::v1::{
    ListVisitorMessagesRequest, OnlineChat, OnlineChatMode, SendVisitorMessageRequest,
    VisitorMessage,
};
use conformance::{Abilities, Channel, Credentials, Options, Received, Subject, Written};
use connector_onlinechat::Config;
use kit::lifecycle::Lifecycle;
use kit::refusal::reason_of;
use tokio::sync::mpsc;
use tonic::transport::Channel as Port;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use types::Clock;
use uuid::Uuid;

use crate::world::{World, arrival, run, with};

/// How soon a browser tries again that was not told when.
const AGAIN: Duration = Duration::from_millis(100);

/// The connector's own port, as long as it runs.
type Door = Arc<Mutex<Option<Port>>>;

fn visitors(door: &Door) -> Option<VisitorServiceClient<Port>> {
    let port = door.lock().expect("no panic").clone();
    port.map(VisitorServiceClient::new)
}

/// The browsers of all visitors.
struct Browsers {
    online_chat: OnlineChat,
    door: Door,
    life: Lifecycle,
    open: HashMap<String, Browser>,
}

/// A visitor's browser: what it writes it brings in order, each text under one id until it is taken or refused, as the widget does.
struct Browser {
    outbox: mpsc::UnboundedSender<String>,
    session: Session,
}

/// The session's token, once it is there.
type Session = Arc<Mutex<Option<String>>>;

fn token(session: &Session) -> MutexGuard<'_, Option<String>> {
    session.lock().expect("no panic")
}

async fn browse(
    mut outbox: mpsc::UnboundedReceiver<String>,
    online_chat: OnlineChat,
    door: Door,
    session: Session,
) {
    let started = insist(&door, |mut visitors| {
        let request = arrival(&online_chat);
        async move { visitors.start_visitor_session(request).await }
    });
    let opened = started.await.expect("let in").into_inner().session_token;
    *token(&session) = Some(opened.clone());
    while let Some(text) = outbox.recv().await {
        let written = SendVisitorMessageRequest {
            client_message_id: Uuid::from_u128(rand::random()).to_string(),
            text,
            ..SendVisitorMessageRequest::default()
        };
        let sent = insist(&door, |mut visitors| {
            let request = with(&opened, written.clone());
            async move { visitors.send_visitor_message(request).await }
        });
        // What is refused for good stays behind.
        let _ = sent.await;
    }
}

/// Calls until it is answered or refused for good.
async fn insist<T, F: Future<Output = Result<T, Status>>>(
    door: &Door,
    call: impl Fn(VisitorServiceClient<Port>) -> F,
) -> Result<T, Status> {
    loop {
        let wait = match visitors(door) {
            None => AGAIN,
            Some(visitors) => match call(visitors).await {
                Err(status) if is_passing(&status) => {
                    let told = status.get_details_retry_info();
                    told.and_then(|it| it.retry_delay)
                        .unwrap_or(AGAIN)
                        .max(AGAIN)
                }
                answered => return answered,
            },
        };
        Clock::system().sleep(wait).await;
    }
}

/// Whoever finds the chat switched off presses «send again» later.
fn is_passing(status: &Status) -> bool {
    let is_refused = matches!(
        status.code(),
        Code::InvalidArgument | Code::NotFound | Code::PermissionDenied | Code::FailedPrecondition
    );
    !is_refused || reason_of(status) == Some(ErrorReason::OnlineChatDisabled)
}

#[tonic::async_trait]
impl Channel for Browsers {
    /// Nothing is given to a provider here that could refuse it or lose its answer.
    fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    async fn write(&mut self, message: Written) -> io::Result<()> {
        let browser = self.open.entry(message.chat).or_insert_with(|| {
            let (outbox, written) = mpsc::unbounded_channel();
            let session = Session::default();
            let browsing = browse(
                written,
                self.online_chat.clone(),
                Arc::clone(&self.door),
                Arc::clone(&session),
            );
            let stopping = self.life.stopping();
            self.life.spawn("browser", async move {
                tokio::select! { () = browsing => {}, () = stopping.cancelled() => {} }
            });
            Browser { outbox, session }
        });
        browser.outbox.send(message.text).map_err(io::Error::other)
    }

    async fn received(&mut self, chat: &str) -> io::Result<Vec<Received>> {
        let session = self
            .open
            .get(chat)
            .and_then(|it| token(&it.session).clone());
        let Some(session) = session else {
            return Ok(Vec::new());
        };
        let listed = insist(&self.door, |mut visitors| {
            let request = with(&session, ListVisitorMessagesRequest::default());
            async move { visitors.list_visitor_messages(request).await }
        });
        let listed = listed.await.map_err(io::Error::other)?.into_inner();
        let answers = listed.messages.into_iter().filter(|it| !it.mine);
        let received = answers.map(|VisitorMessage { text, .. }| Received {
            text,
            files: Vec::new(),
        });
        Ok(received.collect())
    }

    async fn hold(&mut self, _: &str, _: bool) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn lose_answer(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
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

#[tokio::test]
async fn the_connector_passes_the_conformance_program() {
    let mut world = World::today().await;
    let online_chat = world.chat(OnlineChatMode::OneActive).await;
    let connection = world.hub.connections().remove(0).id;
    let config = world.halt().await;
    let options = Options {
        credentials: Credentials::Any,
        connection: connection.parse().expect("an id"),
        ..Options::new("onlinechat", serde_json::Map::new())
    };
    let (door, life) = (Door::default(), Lifecycle::new());
    let browsers = Browsers {
        online_chat,
        door: Arc::clone(&door),
        life: life.clone(),
        open: HashMap::new(),
    };
    let subject = InProcess {
        config,
        door,
        life: Lifecycle::new(),
    };
    let checked =
        conformance::connector::check(options, Box::new(browsers), Box::new(subject), &[], |_| {});
    let report = checked.await.expect("started");
    assert!(report.passed(), "{report}");
    // Visitors send texts, and no provider stands between them and the connector.
    assert_eq!(report.count(conformance::Verdict::Passed), 19, "{report}");
    life.stop();
}
