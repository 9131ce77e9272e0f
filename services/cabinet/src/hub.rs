//! The hub of conversations: the cabinet is a channel of its own there, and the hub keeps every message.
//!
//! A chat of the hub is a client: its `external_chat_id` is the client's id, which says nothing about the person. A client's calls
//! name the chat from the session and from nothing else.

use std::convert::Infallible;

use api::connector::v1::channel_event::Event;
use api::connector::v1::list_chat_messages_request::Position;
use api::connector::v1::{
    ChannelEvent, ConnectorManifest, Delivery, DeliveryOutcome, DeliveryReport, IncomingMessage,
    ListChatMessagesResponse, MediaRule, PublishResult, SendRate,
};
use api::conversations::v1::AttachmentKind;
use api::error::v1::ErrorReason;
use auth::ServiceTokens;
use bytes::Bytes;
use connector::{Backoff, Download, Wanted};
use futures::{Stream, StreamExt, TryStreamExt};
use kit::Refusal;
use kit::refusal::reason_of;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::transport::Channel;
use types::{CabinetClientId, CabinetId, Clock, ConnectionId};
use uuid::Uuid;

use crate::state::State;

/// The connector's key at the hub.
pub const CONNECTOR_KEY: &str = "cabinet";
/// The longest message, in characters.
pub const MAX_TEXT: i32 = 4096;
/// Deliveries under lease at once.
const IN_FLIGHT: i32 = 500;
/// Deliveries in one report.
const REPORTED_AT_ONCE: usize = 200;

/// One client's chat at the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chat {
    /// The cabinet's connection.
    pub connection: ConnectionId,
    /// The client.
    pub client: CabinetClientId,
}

/// The hub, asked about clients. A clone is cheap and shares the connection.
#[derive(Clone, Debug)]
pub struct Hub(connector::Hub);

impl Hub {
    /// The hub behind `channel`; the tokens are those of the service "connector-cabinet".
    #[must_use]
    pub fn new(tokens: &ServiceTokens, channel: Channel) -> Self {
        Self(connector::Hub::of_service(tokens, channel, CONNECTOR_KEY))
    }

    /// A page of a client's messages.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails.
    pub async fn messages(
        &self,
        chat: Chat,
        page_size: i32,
        position: Option<Position>,
    ) -> Result<ListChatMessagesResponse, Refusal> {
        let (connection, client) = (chat.connection.to_string(), chat.client.to_string());
        let page = self
            .0
            .messages(&connection, &client, "", page_size, position);
        page.await.map_err(of_call)
    }

    /// The client writes. The same `id` again changes nothing.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails; a refused event is no error.
    pub async fn write(
        &self,
        chat: Chat,
        id: Uuid,
        text: String,
        name: String,
        now: OffsetDateTime,
    ) -> Result<PublishResult, Refusal> {
        let event = ChannelEvent {
            connection_id: chat.connection.to_string(),
            // Ids are unique within the connection, which all clients share: a client must not be able to meet another's.
            external_event_id: format!("{}:{id}", chat.client),
            external_chat_id: chat.client.to_string(),
            event_time: Some(kit::time::to_proto(now)),
            event: Some(Event::Message(IncomingMessage {
                text,
                sender_name: name,
                ..IncomingMessage::default()
            })),
            ..ChannelEvent::default()
        };
        let results = self.0.publish(vec![event]).await.map_err(of_call)?;
        let first = results.into_iter().next();
        first.ok_or_else(|| Refusal::internal(anyhow::anyhow!("the hub answered no event")))
    }

    /// A file of the client's chat, or with `preview` the small picture of it.
    ///
    /// # Errors
    /// ATTACHMENT_NOT_FOUND, ATTACHMENT_NOT_READY, or when the hub cannot be reached or fails.
    pub async fn download(
        &self,
        chat: Chat,
        attachment: &str,
        preview: bool,
    ) -> Result<Download<impl Stream<Item = Result<Bytes, Status>> + Send + use<>>, Refusal> {
        let (connection, client) = (chat.connection.to_string(), chat.client.to_string());
        let wanted = Wanted {
            preview,
            ..Wanted::default()
        };
        let download = self
            .0
            .download_wanted(&connection, &client, attachment, wanted);
        download.await.map_err(|status| match reason_of(&status) {
            Some(ErrorReason::AttachmentNotFound) => Refusal::attachment_not_found(attachment),
            Some(ErrorReason::AttachmentNotReady) => Refusal::attachment_not_ready(attachment),
            _ => of_call(status),
        })
    }
}

/// The id that the browser gave the message of an event; empty for anything else.
#[must_use]
pub fn client_message_id(external_event_id: &str) -> &str {
    external_event_id.split_once(':').map_or("", |(_, id)| id)
}

/// A call that failed: a client knows nothing of connections and connectors.
fn of_call(status: Status) -> Refusal {
    Refusal::service_unavailable(status)
}

/// An event that was refused, by the name of its reason.
#[must_use]
pub fn refused_event(reason: &str, cabinet: CabinetId) -> Refusal {
    match ErrorReason::from_str_name(&format!("ERROR_REASON_{reason}")) {
        // Whatever switched it off, for the client it is off.
        Some(ErrorReason::ConnectionDisabled | ErrorReason::ImboxDisabled) => {
            Refusal::cabinet_disabled(cabinet)
        }
        _ => Refusal::internal(anyhow::anyhow!(
            "the hub refused a client's event: {reason}"
        )),
    }
}

/// Keeps the standing connection to the hub until the service stops: says who we are, and takes what employees answer.
///
/// A browser reads the hub's own history, so an answer is sent as soon as it is stored there. Deliveries are taken all the same: they
/// carry the status that employees see, and they wake streams.
pub async fn keep(state: State, stopping: CancellationToken) {
    let (mut backoff, clock) = (Backoff::default(), Clock::system());
    let kept = async {
        loop {
            let Err(status) = serve(&state, &mut backoff).await;
            let wait = backoff.wait();
            tracing::info!(code = ?status.code(), reason = status.message(), ?wait, "the hub is away; connecting again");
            clock.sleep(wait).await;
        }
    };
    tokio::select! { () = stopping.cancelled() => {}, () = kept => {} }
}

async fn serve(state: &State, backoff: &mut Backoff) -> Result<Infallible, Status> {
    let hub = &state.hub.0;
    hub.register(manifest()).await?;
    backoff.reset();
    let deliveries = Box::pin(hub.deliveries(IN_FLIGHT).await?);
    let mut batches = deliveries.try_ready_chunks(REPORTED_AT_ONCE);
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(|error| error.1)?;
        let clients = batch.iter().map(|it| it.external_chat_id.parse());
        let clients: Vec<CabinetClientId> = clients.filter_map(Result::ok).collect();
        hub.report(batch.into_iter().map(sent).collect()).await?;
        for client in clients {
            // Without an open stream nobody listens.
            let _ = state.answers.send(client);
        }
    }
    Err(Status::unavailable("the hub ended the stream"))
}

/// Whatever employees send, a browser can show or download.
fn manifest() -> ConnectorManifest {
    let kinds = [
        AttachmentKind::Image,
        AttachmentKind::Video,
        AttachmentKind::Audio,
        AttachmentKind::Voice,
        AttachmentKind::Document,
    ];
    let media = kinds.map(|kind| MediaRule {
        kind: kind.into(),
        ..MediaRule::default()
    });
    ConnectorManifest {
        key: CONNECTOR_KEY.to_owned(),
        title: "Client area".to_owned(),
        max_text_length: MAX_TEXT,
        media: media.to_vec(),
        // Nothing is sent anywhere: clients read it here.
        send_rate: Some(SendRate {
            per_minute: 600_000,
            burst: 0,
        }),
        ..ConnectorManifest::default()
    }
}

fn sent(delivery: Delivery) -> DeliveryReport {
    DeliveryReport {
        delivery_id: delivery.id,
        lease_token: delivery.lease_token,
        outcome: DeliveryOutcome::Sent.into(),
        external_message_id: delivery.message_id,
        ..DeliveryReport::default()
    }
}
