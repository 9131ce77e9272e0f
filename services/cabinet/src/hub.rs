//! The hub of conversations: the cabinet is a channel of its own there, and the hub keeps every message.
//!
//! A chat of the hub is a client: its `external_chat_id` is the client's id, which says nothing about the person. A client's calls
//! name the chat from the session and from nothing else.

use std::convert::Infallible;
use std::time::Duration;

use api::connector::v1::channel_event::Event;
use api::connector::v1::list_chat_messages_request::Position;
use api::connector::v1::{
    ChannelEvent, ConnectorManifest, Delivery, DeliveryOutcome, DeliveryReport, IncomingMessage,
    ListChatMessagesResponse, PublishResult, SendRate,
};
use api::conversations::internal::v1::BindChatRequest;
use api::conversations::internal::v1::client_chat_service_client::ClientChatServiceClient;
use api::error::v1::ErrorReason;
use auth::{ServiceChannel, ServiceTokens};
use bytes::Bytes;
use connector::{Backoff, Download, Wanted};
use futures::{Stream, StreamExt, TryStreamExt};
use kit::Refusal;
use kit::refusal::reason_of;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Request, Status};
use types::{AccountId, CabinetClientId, CabinetId, Clock, ConnectionId, ContactId};
use uuid::Uuid;

use crate::state::State;

/// The connector's key at the hub.
pub const CONNECTOR_KEY: &str = "cabinet";
/// The longest message, in characters.
pub const MAX_TEXT: i32 = 4096;
/// Deliveries under lease at once.
const IN_FLIGHT: i32 = 500;
/// How long binding a chat may take.
const BINDING: Duration = Duration::from_secs(5);
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
pub struct Hub {
    hub: connector::Hub,
    clients: ClientChatServiceClient<ServiceChannel>,
}

/// What a client writes.
#[derive(Debug, Clone)]
pub struct Written {
    /// The browser's id of it: the same again changes nothing.
    pub id: Uuid,
    /// The text.
    pub text: String,
    /// What employees call the client.
    pub name: String,
    /// The number that the client has proved, E.164.
    pub phone: String,
}

impl Hub {
    /// The hub behind `channel`; the tokens are those of the service "connector-cabinet".
    #[must_use]
    pub fn new(tokens: &ServiceTokens, channel: Channel) -> Self {
        Self {
            clients: ClientChatServiceClient::new(tokens.channel(channel.clone())),
            hub: connector::Hub::of_service(tokens, channel, CONNECTOR_KEY),
        }
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
            .hub
            .messages(&connection, &client, "", page_size, position);
        page.await.map_err(of_call)
    }

    /// Says whose the client's chat is, before they first write in it or afterwards. A chat that belongs to a contact stays with it.
    ///
    /// # Errors
    /// When conversations cannot be reached or fails.
    pub async fn bind(
        &self,
        account: AccountId,
        chat: Chat,
        contact: ContactId,
        name: &str,
    ) -> Result<(), Refusal> {
        let mut request = Request::new(BindChatRequest {
            account_id: account.uuid().as_bytes().to_vec(),
            connection_id: chat.connection.to_string(),
            external_chat_id: chat.client.to_string(),
            contact_id: contact.to_string(),
            client_name: name.to_owned(),
        });
        request.set_timeout(BINDING);
        let bound = self.clients.clone().bind_chat(request).await;
        bound.map(|_| ()).map_err(of_call)
    }

    /// The client writes.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails; a refused event is no error.
    pub async fn write(
        &self,
        chat: Chat,
        written: Written,
        now: OffsetDateTime,
    ) -> Result<PublishResult, Refusal> {
        let Written {
            id,
            text,
            name,
            phone,
        } = written;
        let event = ChannelEvent {
            connection_id: chat.connection.to_string(),
            // Ids are unique within the connection, which all clients share: a client must not be able to meet another's.
            external_event_id: format!("{}:{id}", chat.client),
            external_chat_id: chat.client.to_string(),
            event_time: Some(kit::time::to_proto(now)),
            event: Some(Event::Message(IncomingMessage {
                text,
                sender_name: name,
                // Rules know the client by it, and so does whoever links the conversation.
                facts: [("phone".to_owned(), phone)].into(),
                ..IncomingMessage::default()
            })),
            ..ChannelEvent::default()
        };
        let results = self.hub.publish(vec![event]).await.map_err(of_call)?;
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
            .hub
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
    let hub = &state.hub.hub;
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
    ConnectorManifest {
        key: CONNECTOR_KEY.to_owned(),
        title: "Client area".to_owned(),
        max_text_length: MAX_TEXT,
        media: connector::any_media(),
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
