//! The hub of conversations, as the online chat uses it. The hub keeps every message: this connector keeps no copy.
//!
//! A chat of the hub is a visitor: its `external_chat_id` is the visitor's id. A visitor's calls name the chat from the
//! session and from nothing else, so that no id in a request can lead to somebody else's chat.

pub mod events;
pub mod link;
pub mod receipts;
mod refusal;

use std::time::Duration;

use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use api::connector::v1::list_chat_messages_request::Position;
use api::connector::v1::{
    ChannelEvent, ChatConversation, DeliveryReport, ListChatConversationsRequest,
    ListChatMessagesRequest, ListChatMessagesResponse, PublishRequest, PublishResult,
    ReportDeliveriesRequest, ReportResult,
};
use auth::{ServiceChannel, ServiceTokens};
use kit::Refusal;
use tonic::transport::Channel;
use tonic::{Request, Status};
use types::{ConnectionId, VisitorId};

pub use refusal::of_event as refused_event;

/// The connector's key at the hub.
pub const CONNECTOR_KEY: &str = "onlinechat";

/// How long a call to the hub may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// One visitor's chat at the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chat {
    /// The online chat's connection.
    pub connection: ConnectionId,
    /// The visitor.
    pub visitor: VisitorId,
}

/// The hub. A clone is cheap and shares the connection.
#[derive(Clone, Debug)]
pub struct Hub {
    client: ConnectorHubServiceClient<ServiceChannel>,
}

impl Hub {
    /// The hub behind `channel`, called with this service's own tokens.
    #[must_use]
    pub fn new(tokens: &ServiceTokens, channel: Channel) -> Self {
        Self {
            client: ConnectorHubServiceClient::new(tokens.channel(channel)),
        }
    }

    /// Brings one event.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails; a refused event is no error.
    pub async fn publish(&self, event: ChannelEvent) -> Result<PublishResult, Refusal> {
        let request = timed(PublishRequest {
            connector_key: CONNECTOR_KEY.to_owned(),
            events: vec![event],
        });
        let reply = self
            .client
            .clone()
            .publish(request)
            .await
            .map_err(refusal::of_call)?;
        let first = reply.into_inner().results.into_iter().next();
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
        let request = timed(ListChatMessagesRequest {
            connector_key: CONNECTOR_KEY.to_owned(),
            connection_id: chat.connection.to_string(),
            external_chat_id: chat.visitor.to_string(),
            external_thread_id: thread.to_owned(),
            page_size,
            position,
        });
        let reply = self.client.clone().list_chat_messages(request).await;
        Ok(reply.map_err(refusal::of_call)?.into_inner())
    }

    /// A chat's conversations that are not finished, the newest message first.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails.
    pub async fn conversations(&self, chat: Chat) -> Result<Vec<ChatConversation>, Refusal> {
        let request = timed(ListChatConversationsRequest {
            connector_key: CONNECTOR_KEY.to_owned(),
            connection_id: chat.connection.to_string(),
            external_chat_id: chat.visitor.to_string(),
            include_closed: false,
        });
        let reply = self.client.clone().list_chat_conversations(request).await;
        Ok(reply.map_err(refusal::of_call)?.into_inner().conversations)
    }

    /// Says what became of deliveries, at most 500.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails.
    pub async fn report(&self, reports: Vec<DeliveryReport>) -> Result<Vec<ReportResult>, Status> {
        let request = timed(ReportDeliveriesRequest {
            connector_key: CONNECTOR_KEY.to_owned(),
            reports,
        });
        let reply = self.client.clone().report_deliveries(request).await?;
        Ok(reply.into_inner().results)
    }
}

fn timed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}
