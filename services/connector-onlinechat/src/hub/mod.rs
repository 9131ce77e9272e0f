//! The hub of conversations, as the online chat uses it. The hub keeps every message: this connector keeps no copy.
//!
//! A chat of the hub is a visitor: its `external_chat_id` is the visitor's id. A visitor's calls name the chat from the
//! session and from nothing else, so that no id in a request can lead to somebody else's chat.

pub mod channel;
pub mod events;
pub mod known;
pub mod receipts;
mod refusal;

use std::time::Duration;

use api::connector::v1::list_chat_messages_request::Position;
use api::connector::v1::{
    ChannelEvent, ChatConversation, DeliveryReport, ListChatMessagesResponse, PublishOutcome,
    PublishResult, ReportResult, UploadMediaPartResponse,
};
use api::conversations::internal::v1::BindChatRequest;
use api::conversations::internal::v1::client_chat_service_client::ClientChatServiceClient;
use api::error::v1::ErrorReason;
use auth::{ServiceChannel, ServiceTokens};
use bytes::Bytes;
use connector::{Download, Upload, UploadPart, Wanted};
use futures::Stream;
use kit::Refusal;
use tonic::transport::Channel;
use tonic::{Request, Status};
use types::{AccountId, ConnectionId, ContactId, VisitorId};

use known::Known;
pub use refusal::of_event as refused_event;

/// How long binding a chat may take.
const BINDING: Duration = Duration::from_secs(5);

/// The connector's key at the hub.
pub const CONNECTOR_KEY: &str = "onlinechat";

/// One visitor's chat at the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chat {
    /// The online chat's connection.
    pub connection: ConnectionId,
    /// The visitor.
    pub visitor: VisitorId,
}

/// The hub, asked about visitors. A clone is cheap and shares the connection.
#[derive(Clone, Debug)]
pub struct Hub {
    hub: connector::Hub,
    known: Known,
    clients: ClientChatServiceClient<ServiceChannel>,
}

impl Hub {
    /// The hub behind `channel`, called with this service's own tokens.
    #[must_use]
    pub fn new(tokens: &ServiceTokens, channel: Channel, known: Known) -> Self {
        Self {
            known,
            clients: ClientChatServiceClient::new(tokens.channel(channel.clone())),
            hub: connector::Hub::of_service(tokens, channel, CONNECTOR_KEY),
        }
    }

    /// The hub as every connector calls it.
    #[must_use]
    pub fn of_connector(&self) -> connector::Hub {
        self.hub.clone()
    }

    /// Brings one event; nothing for a connection that is switched off.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails; a refused event is no error.
    pub async fn publish(&self, event: ChannelEvent) -> Result<PublishResult, Refusal> {
        if self.known.is_off(&event.connection_id) {
            return Ok(PublishResult {
                outcome: PublishOutcome::Refused.into(),
                reason: kit::refusal::name(ErrorReason::ConnectionDisabled).to_owned(),
                ..PublishResult::default()
            });
        }
        let results = self.hub.publish(vec![event]).await;
        let first = results.map_err(refusal::of_call)?.into_iter().next();
        first.ok_or_else(|| Refusal::internal(anyhow::anyhow!("the hub answered no event")))
    }

    /// A page of a chat's messages; an empty thread means all of the chat.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails.
    pub async fn messages(
        &self,
        chat: Chat,
        thread: &str,
        page_size: i32,
        position: Option<Position>,
    ) -> Result<ListChatMessagesResponse, Refusal> {
        let (connection, visitor) = (chat.connection.to_string(), chat.visitor.to_string());
        let page = self
            .hub
            .messages(&connection, &visitor, thread, page_size, position);
        page.await.map_err(refusal::of_call)
    }

    /// A chat's conversations that are not finished, the newest message first.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails.
    pub async fn conversations(&self, chat: Chat) -> Result<Vec<ChatConversation>, Refusal> {
        let (connection, visitor) = (chat.connection.to_string(), chat.visitor.to_string());
        let found = self.hub.conversations(&connection, &visitor);
        found.await.map_err(refusal::of_call)
    }

    /// Takes a part of a visitor's file in.
    ///
    /// # Errors
    /// FILE_TOO_LARGE, FILE_TYPE_NOT_ALLOWED, or when the hub cannot be reached or fails.
    pub async fn upload_part(
        &self,
        chat: Chat,
        upload: Upload,
        part: UploadPart,
    ) -> Result<UploadMediaPartResponse, Refusal> {
        let connection = chat.connection.to_string();
        let taken = self.hub.upload_part(&connection, upload, part).await;
        taken.map_err(|status| refusal::of_file(status, ""))
    }

    /// A file of the visitor's chat.
    ///
    /// # Errors
    /// ATTACHMENT_NOT_FOUND, ATTACHMENT_NOT_READY, FIELD_INVALID beyond its end, or when the hub cannot be reached or fails.
    pub async fn download(
        &self,
        chat: Chat,
        attachment: &str,
        wanted: Wanted,
    ) -> Result<Download<impl Stream<Item = Result<Bytes, Status>> + Send + use<>>, Refusal> {
        let (connection, visitor) = (chat.connection.to_string(), chat.visitor.to_string());
        let download = self
            .hub
            .download_wanted(&connection, &visitor, attachment, wanted);
        download
            .await
            .map_err(|status| refusal::of_file(status, attachment))
    }

    /// Binds a visitor's chat to a contact, unless it is bound already; the chat need not be there yet.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails.
    pub async fn bind(
        &self,
        account: AccountId,
        chat: Chat,
        client_name: &str,
        contact: ContactId,
    ) -> Result<(), Status> {
        let mut request = Request::new(BindChatRequest {
            account_id: account.uuid().as_bytes().to_vec(),
            connection_id: chat.connection.to_string(),
            external_chat_id: chat.visitor.to_string(),
            contact_id: contact.to_string(),
            client_name: client_name.to_owned(),
        });
        request.set_timeout(BINDING);
        self.clients.clone().bind_chat(request).await?;
        Ok(())
    }

    /// Says what became of deliveries, at most 500.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails.
    pub async fn report(&self, reports: Vec<DeliveryReport>) -> Result<Vec<ReportResult>, Status> {
        self.hub.report(reports).await
    }
}
