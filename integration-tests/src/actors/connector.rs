//! A connector in any language: an API key and `ConnectorHubService`.

use api::connector::v1::channel_event::Event;
use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use api::connector::v1::{
    ChannelEvent, ConnectorManifest, ConversationFinished, DeliveryOutcome, DeliveryReport,
    IncomingMessage, PublishRequest, PublishResult, ReadUpTo, RegisterConnectorRequest,
    ReportDeliveriesRequest, TakeDeliveriesRequest, TakeDeliveriesResponse,
};
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use super::employee::insist;
use crate::calls::{self, stream_with_token, with_token};

/// The connector's key.
pub const CONNECTOR: &str = "test-channel";

/// A connector with one connection.
#[derive(Debug, Clone)]
pub struct Connector {
    channel: Channel,
    /// The secret of its API key.
    pub secret: String,
    /// Its connection: "cxn_…".
    pub connection: String,
}

impl Connector {
    /// A connector that has a key and no connection yet.
    #[must_use]
    pub fn new(url: &str, secret: String) -> Self {
        Self {
            channel: calls::channel(url),
            secret,
            connection: String::new(),
        }
    }

    /// The hub.
    #[must_use]
    pub fn hub(&self) -> ConnectorHubServiceClient<Channel> {
        ConnectorHubServiceClient::new(self.channel.clone())
    }

    /// Says who it is.
    ///
    /// # Errors
    /// The refusal.
    pub async fn register(&self) -> Result<(), Status> {
        let manifest = ConnectorManifest {
            key: CONNECTOR.into(),
            title: "Test channel".into(),
            ..Default::default()
        };
        let request = RegisterConnectorRequest {
            manifest: Some(manifest),
        };
        self.hub()
            .register_connector(with_token(&self.secret, request))
            .await
            .map(drop)
    }

    /// Brings events.
    ///
    /// # Errors
    /// The refusal of the whole batch.
    pub async fn publish(&self, events: Vec<ChannelEvent>) -> Result<Vec<PublishResult>, Status> {
        let request = PublishRequest {
            connector_key: CONNECTOR.into(),
            events,
        };
        Ok(self
            .hub()
            .publish(with_token(&self.secret, request))
            .await?
            .into_inner()
            .results)
    }

    /// Brings events until the hub has answered, as every connector has to.
    ///
    /// # Errors
    /// A refusal that no fault explains.
    pub async fn insist(&self, events: &[ChannelEvent]) -> Result<Vec<PublishResult>, Status> {
        insist(&mut async || self.publish(events.to_vec()).await)
            .await
            .0
    }

    /// Brings one message of a client.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn write(&self, chat: &str, event_id: &str, text: &str) -> PublishResult {
        let answer = self
            .publish(vec![self.event(chat, event_id, written(text))])
            .await;
        answer.expect("published").remove(0)
    }

    /// An event of this connection.
    #[must_use]
    pub fn event(&self, chat: &str, event_id: &str, event: Event) -> ChannelEvent {
        ChannelEvent {
            connection_id: self.connection.clone(),
            external_event_id: event_id.into(),
            external_chat_id: chat.into(),
            event: Some(event),
            ..Default::default()
        }
    }

    /// Messages to send.
    ///
    /// # Errors
    /// The refusal.
    pub async fn take(&self) -> Result<Streaming<TakeDeliveriesResponse>, Status> {
        let request = TakeDeliveriesRequest {
            connector_key: CONNECTOR.into(),
            max_in_flight: 0,
        };
        Ok(self
            .hub()
            .take_deliveries(stream_with_token(&self.secret, request))
            .await?
            .into_inner())
    }

    /// Says that a delivery was sent; true when the hub took the report.
    ///
    /// # Errors
    /// The refusal of the whole batch.
    pub async fn report_sent(&self, delivery: &str, lease: i64) -> Result<bool, Status> {
        let report = DeliveryReport {
            delivery_id: delivery.into(),
            lease_token: lease,
            outcome: DeliveryOutcome::Sent.into(),
            external_message_id: format!("sent-{delivery}"),
            ..Default::default()
        };
        self.report(report).await.map(|reason| reason.is_empty())
    }

    /// The same until the hub has answered.
    ///
    /// # Errors
    /// A refusal that no fault explains.
    pub async fn insist_sent(&self, delivery: &str, lease: i64) -> Result<bool, Status> {
        insist(&mut async || self.report_sent(delivery, lease).await)
            .await
            .0
    }

    /// Reports; the reason why it was refused, empty when it was taken.
    ///
    /// # Errors
    /// The refusal of the whole batch.
    pub async fn report(&self, report: DeliveryReport) -> Result<String, Status> {
        let request = ReportDeliveriesRequest {
            connector_key: CONNECTOR.into(),
            reports: vec![report],
        };
        let answer = self
            .hub()
            .report_deliveries(with_token(&self.secret, request))
            .await?
            .into_inner();
        Ok(answer
            .results
            .into_iter()
            .next()
            .map(|result| result.reason)
            .unwrap_or_default())
    }
}

/// The client wrote.
#[must_use]
pub fn written(text: &str) -> Event {
    Event::Message(IncomingMessage {
        text: text.into(),
        sender_name: "Мария".into(),
        ..Default::default()
    })
}

/// The client finished the conversation.
#[must_use]
pub fn finished() -> Event {
    Event::Finished(ConversationFinished {})
}

/// The client has seen messages.
#[must_use]
pub fn read_up_to(seq: i64) -> Event {
    Event::Read(ReadUpTo { seq })
}
