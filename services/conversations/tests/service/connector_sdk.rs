//! A connector that is written with `libs/connector`, at the real hub.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::connector::v1::channel_event::Event;
use api::connector::v1::{ChannelEvent, ConnectorManifest, IncomingMessage, PublishOutcome};
use api::conversations::v1::{
    AttachmentKind, Connection as Shown, ConnectionState, DeliveryStatus, GetConnectionRequest,
    UpdateConnectionRequest,
};
use bytes::Bytes;
use connector::proto::{IncomingMedia, MediaRule, incoming_media};
use connector::{
    Channel, Connection, Connector, Hub, Inbound, Lines, Outcome, Outgoing, Trouble, Upload,
    UploadError,
};
use futures::{StreamExt, stream};
use kit::lifecycle::Lifecycle;
use prost_types::FieldMask;
use serde::Deserialize;
use testkit::wait_for;
use tokio::sync::Notify;

use crate::world::{CONNECTOR, World, with};

const SCHEMA: &str =
    r#"{"type": "object", "properties": {"token": {"type": "string", "writeOnly": true}}}"#;

/// A channel that keeps what it is given.
#[derive(Default)]
struct Paper {
    sent: Mutex<Vec<(String, String)>>,
    /// What to answer, the next one last; nothing left means sent.
    answers: Mutex<Vec<Outcome>>,
    /// Sending "slow" ends when this is told.
    slow: Notify,
}

#[derive(Deserialize)]
struct Settings {
    #[serde(default)]
    token: String,
}

impl Channel for Paper {
    type Line = String;

    fn manifest(&self) -> ConnectorManifest {
        ConnectorManifest {
            key: CONNECTOR.to_owned(),
            title: "Paper".to_owned(),
            settings_schema: SCHEMA.to_owned(),
            media: vec![MediaRule {
                kind: AttachmentKind::Document.into(),
                ..MediaRule::default()
            }],
            ..ConnectorManifest::default()
        }
    }

    async fn open(&self, connection: &Connection) -> Result<String, Trouble> {
        let Settings { token } = connection.settings()?;
        if token == "revoked" {
            return Err(Trouble::Broken("The token was revoked.".to_owned()));
        }
        Ok(token)
    }

    async fn send(&self, _: &String, message: &Outgoing) -> Outcome {
        let note = |text: &str| {
            let line = (message.chat().to_owned(), text.to_owned());
            self.sent.lock().expect("no panic").push(line);
        };
        note(message.text());
        for file in message.files() {
            let download = message.download(file).await.expect("a file");
            let bytes: Vec<Bytes> = download
                .contents
                .map(|piece| piece.expect("a piece"))
                .collect()
                .await;
            note(&String::from_utf8_lossy(&bytes.concat()));
        }
        if message.text() == "slow" {
            self.slow.notified().await;
        }
        let answer = self.answers.lock().expect("no panic").pop();
        answer.unwrap_or(Outcome::Sent(format!("paper {}", message.message_id())))
    }
}

impl Paper {
    fn sent(&self) -> Vec<(String, String)> {
        self.sent.lock().expect("no panic").clone()
    }
}

struct Running {
    paper: Arc<Paper>,
    lines: Lines<String>,
    life: Lifecycle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.life.stop();
    }
}

fn start(world: &World) -> Running {
    let (paper, life) = (Arc::new(Paper::default()), Lifecycle::new());
    let token = world.connector.clone().into();
    let hub = Hub::of_program(&token, world.channel(), CONNECTOR).expect("a token");
    let lines = Connector::start(Arc::clone(&paper), hub, &life);
    Running { paper, lines, life }
}

impl Running {
    async fn inbound(&self, connection: &Shown) -> Inbound {
        let open = async || self.lines.get(&connection.id);
        wait_for("an open connection", open).await.inbound.clone()
    }

    async fn sent(&self, count: usize) -> Vec<(String, String)> {
        let sent = async || Some(self.paper.sent()).filter(|sent| sent.len() >= count);
        wait_for("messages on paper", sent).await
    }
}

fn written(chat: &str, id: &str, text: &str) -> ChannelEvent {
    ChannelEvent {
        external_event_id: id.to_owned(),
        external_chat_id: chat.to_owned(),
        event: Some(Event::Message(IncomingMessage {
            text: text.to_owned(),
            ..IncomingMessage::default()
        })),
        ..ChannelEvent::default()
    }
}

async fn status(world: &World, conversation: &str) -> DeliveryStatus {
    let newest = world.messages(conversation).await.pop().expect("a message");
    newest.delivery_status()
}

async fn until(world: &World, conversation: &str, wanted: DeliveryStatus) {
    let reached = async || (status(world, conversation).await == wanted).then_some(());
    wait_for("the message's status", reached).await;
}

#[tokio::test]
async fn what_a_channel_tells_is_stored_once_however_often_it_is_brought() {
    let world = World::start().await;
    let connector = start(&world);
    let connection = world.connection().await;
    let inbound = connector.inbound(&connection).await;
    // More than fit into one call.
    let events: Vec<_> = (0..1_100)
        .map(|n| written(&format!("chat {}", n % 7), &n.to_string(), "hello"))
        .collect();
    for expected in [PublishOutcome::Accepted, PublishOutcome::Duplicate] {
        let results = inbound.publish(events.clone()).await.expect("stored");
        assert_eq!(results.len(), events.len());
        assert!(results.iter().all(|it| it.outcome() == expected));
    }
}

#[tokio::test]
async fn answers_go_out_in_order_and_what_became_of_them_is_told() {
    let world = World::start().await;
    let connector = start(&world);
    let connection = world.connection().await;
    connector.inbound(&connection).await;
    let anna = world.conversation(&connection, "anna").await;
    let later = Outcome::Retry(Duration::ZERO);
    let failed = Outcome::Failed("There is no such person.".to_owned());
    *connector.paper.answers.lock().expect("no panic") = vec![failed, Outcome::Unknown, later];
    for text in ["one", "two", "three", "four"] {
        world.answer(&anna, text).await;
    }
    // "one" is tried twice and then nobody knows; "two" fails for good. The others go as if nothing had been.
    world.clock.advance(Duration::from_secs(1));
    let sent = connector.sent(5).await;
    let texts: Vec<&str> = sent.iter().map(|(_, text)| &text[..]).collect();
    assert_eq!(texts, ["one", "one", "two", "three", "four"]);
    until(&world, &anna, DeliveryStatus::Sent).await;
    let messages = world.messages(&anna).await;
    let told: Vec<_> = messages[1..]
        .iter()
        .map(|it| it.delivery_status())
        .collect();
    use DeliveryStatus::{Failed, Sent, Unknown};
    assert_eq!(told, [Unknown, Failed, Sent, Sent]);
    assert_eq!(messages[2].failure_text, "There is no such person.");
}

#[tokio::test]
async fn what_may_be_in_the_channel_already_is_not_sent_twice_and_what_is_not_is_sent() {
    let mut world = World::start().await;
    let connector = start(&world);
    let connection = world.connection().await;
    connector.inbound(&connection).await;
    let anna = world.conversation(&connection, "anna").await;
    world.answer(&anna, "slow").await;
    connector.sent(1).await;
    // Killed while the channel has not answered yet.
    connector.life.drain(Duration::ZERO).await;
    world.answer(&anna, "after it").await;
    world.advance(Duration::from_secs(31));

    let again = start(&world);
    assert_eq!(again.sent(1).await, [("anna".into(), "after it".into())]);
    until(&world, &anna, DeliveryStatus::Sent).await;
    let messages = world.messages(&anna).await;
    assert_eq!(messages[1].delivery_status(), DeliveryStatus::Unknown);
}

#[tokio::test]
async fn stopping_lets_a_message_that_is_being_sent_be_finished_and_told() {
    let world = World::start().await;
    let connector = start(&world);
    let connection = world.connection().await;
    connector.inbound(&connection).await;
    let anna = world.conversation(&connection, "anna").await;
    world.answer(&anna, "slow").await;
    connector.sent(1).await;
    connector.life.stop();
    connector.paper.slow.notify_one();
    until(&world, &anna, DeliveryStatus::Sent).await;
}

#[tokio::test]
async fn a_broken_connection_says_why_and_works_again_when_it_is_changed() {
    let world = World::start().await;
    let connector = start(&world);
    let known = async || {
        world
            .create(&world.admin, world.new_connection())
            .await
            .ok()
    };
    let connection = wait_for("the connector is known", known).await;
    connector.inbound(&connection).await;
    let health = async |wanted: ConnectionState| {
        let request = GetConnectionRequest {
            connection_id: connection.id.clone(),
        };
        let request = with(&world.admin, request);
        let reply = world.connections().get_connection(request).await;
        let shown = reply.expect("shown").into_inner().connection;
        let health = shown.and_then(|it| it.health);
        health.filter(|it| it.state() == wanted)
    };
    let change = async |token: &str| {
        let settings = serde_json::json!({"token": token});
        let settings = settings.as_object().expect("an object").clone();
        let request = UpdateConnectionRequest {
            connection: Some(Shown {
                id: connection.id.clone(),
                settings: Some(kit::json::to_struct(settings)),
                ..Shown::default()
            }),
            update_mask: Some(FieldMask {
                paths: vec!["settings".to_owned()],
            }),
        };
        let request = with(&world.admin, request);
        world
            .connections()
            .update_connection(request)
            .await
            .expect("changed");
    };
    wait_for("it works", async || health(ConnectionState::Working).await).await;
    change("revoked").await;
    let broken = wait_for("it is broken", async || {
        health(ConnectionState::Broken).await
    })
    .await;
    assert_eq!(broken.text, "The token was revoked.");
    assert!(connector.lines.get(&connection.id).is_none());
    change("a new one").await;
    wait_for("it works", async || health(ConnectionState::Working).await).await;
    assert_eq!(
        connector.lines.get(&connection.id).expect("open").line,
        "a new one"
    );
}

#[tokio::test]
async fn files_go_both_ways_and_half_a_file_is_never_kept() {
    let world = World::start().await;
    let connector = start(&world);
    let connection = world.connection().await;
    let inbound = connector.inbound(&connection).await;
    let upload = || Upload {
        chat: "anna".to_owned(),
        file_name: "list.txt".to_owned(),
        ..Upload::default()
    };
    let pieces = |end: Result<&'static str, String>| {
        let end = end.map(|it| Bytes::from_static(it.as_bytes()));
        stream::iter([Ok(Bytes::from_static(b"eggs, ")), end])
    };
    let hub = inbound.hub();
    let half = pieces(Err("cut off".to_owned()));
    let refused = hub.upload(&connection.id, upload(), half).await;
    assert!(matches!(refused, Err(UploadError::Source(why)) if why == "cut off"));

    let whole = hub
        .upload(&connection.id, upload(), pieces(Ok("milk")))
        .await;
    let file = whole.expect("taken in");
    assert_eq!((&file.file_name[..], file.size), ("list.txt", 10));
    let event = ChannelEvent {
        event: Some(Event::Message(IncomingMessage {
            media: vec![IncomingMedia {
                source: Some(incoming_media::Source::AttachmentId(file.id.clone())),
                ..IncomingMedia::default()
            }],
            ..IncomingMessage::default()
        })),
        ..written("anna", "1", "")
    };
    let results = inbound.publish(vec![event]).await.expect("stored");
    assert_eq!(results[0].reason, "");
    let download = hub.download(&connection.id, "anna", &file.id).await;
    let bytes: Vec<Bytes> = download
        .expect("there")
        .contents
        .map(|piece| piece.expect("a piece"))
        .collect()
        .await;
    assert_eq!(bytes.concat(), b"eggs, milk");
}
