//! The connector that is played, and the employees.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use api::connector::v1::channel_event::Event;
use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use api::connector::v1::take_deliveries_response::Event as Taken;
use api::connector::v1::{
    ChannelEvent, ConnectorManifest, Delivery, DeliveryOutcome, DeliveryReport, IncomingMessage,
    MediaRule, PublishOutcome, PublishRequest, PublishResult, RegisterConnectorRequest,
    ReportDeliveriesRequest, TakeDeliveriesRequest, TakeDeliveriesResponse,
};
use api::conversations::v1::connection_service_client::ConnectionServiceClient;
use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::{
    AttachmentKind, Connection, CreateConnectionRequest, DeliveryStatus, ListMessagesRequest,
    SendMessageRequest, UpdateConnectionRequest,
};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};
use types::Clock;

use super::Options;
use crate::report::{Failure, ensure};

/// How often what changes is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How soon a hub sees that a stream is closed.
const SETTLED: Duration = Duration::from_millis(500);

/// A connector with one connection, and the employees of its account.
pub struct Player {
    channel: Channel,
    bearer: MetadataValue<Ascii>,
    pub options: Options,
    pub connection: String,
    /// Keeps this check's chats and events apart from those of earlier ones.
    run: String,
    counter: AtomicU64,
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let reason = kit::refusal::reason_of(&status).map(kit::refusal::name);
        let reason = reason.map(|it| format!(" {it}")).unwrap_or_default();
        Self::Unmet(format!(
            "the hub answered {:?}{reason}: {}",
            status.code(),
            status.message()
        ))
    }
}

impl Player {
    pub async fn begin(options: Options) -> Result<Self, Failure> {
        let bearer = format!("Bearer {}", options.api_key).parse();
        let bearer = bearer.map_err(|_| Failure::unmet("the API key cannot be a header"))?;
        let channel =
            kit::channel(&options.url).map_err(|error| Failure::unmet(error.to_string()))?;
        let run = kit::secrets::random_token();
        let mut player = Self {
            channel,
            bearer,
            options,
            connection: String::new(),
            run: run.chars().take(12).collect(),
            counter: AtomicU64::new(0),
        };
        player.register(player.manifest()).await?;
        let connection = Connection {
            connector_key: player.options.connector_key.clone(),
            title: "Conformance".to_owned(),
            external_id: player.unique("connection"),
            enabled: true,
            ..Connection::default()
        };
        let request = player.with(CreateConnectionRequest {
            connection: Some(connection),
            ..CreateConnectionRequest::default()
        });
        let made = player.connections().create_connection(request).await?;
        player.connection = made.into_inner().connection.unwrap_or_default().id;
        Ok(player)
    }

    pub fn hub(&self) -> ConnectorHubServiceClient<Channel> {
        ConnectorHubServiceClient::new(self.channel.clone())
    }

    pub fn connections(&self) -> ConnectionServiceClient<Channel> {
        ConnectionServiceClient::new(self.channel.clone())
    }

    fn conversations(&self) -> ConversationServiceClient<Channel> {
        ConversationServiceClient::new(self.channel.clone())
    }

    /// A call with the key.
    pub fn with<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        metadata.insert("authorization", self.bearer.clone());
        request
    }

    pub fn key(&self) -> String {
        self.options.connector_key.clone()
    }

    /// A word that stands nowhere else.
    pub fn unique(&self, about: &str) -> String {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        format!("{about} {} {number}", self.run)
    }

    pub fn manifest(&self) -> ConnectorManifest {
        ConnectorManifest {
            key: self.key(),
            title: "Conformance".to_owned(),
            media: vec![MediaRule {
                kind: AttachmentKind::Document.into(),
                ..MediaRule::default()
            }],
            ..ConnectorManifest::default()
        }
    }

    pub async fn register(&self, manifest: ConnectorManifest) -> Result<(), Status> {
        let manifest = Some(manifest);
        let request = self.with(RegisterConnectorRequest { manifest });
        self.hub().register_connector(request).await.map(drop)
    }

    pub async fn switch(&self, enabled: bool) -> Result<(), Failure> {
        let request = self.with(UpdateConnectionRequest {
            connection: Some(Connection {
                id: self.connection.clone(),
                enabled,
                ..Connection::default()
            }),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["enabled".to_owned()],
            }),
        });
        self.connections().update_connection(request).await?;
        Ok(())
    }

    /// A message of a client, which nobody has brought yet.
    pub fn written(&self, chat: &str) -> ChannelEvent {
        ChannelEvent {
            connection_id: self.connection.clone(),
            external_event_id: self.unique("event"),
            external_chat_id: chat.to_owned(),
            event: Some(Event::Message(IncomingMessage {
                text: self.unique("text"),
                sender_name: "Anna".to_owned(),
                ..IncomingMessage::default()
            })),
            ..ChannelEvent::default()
        }
    }

    pub async fn publish(&self, events: Vec<ChannelEvent>) -> Result<Vec<PublishResult>, Status> {
        let request = self.with(PublishRequest {
            connector_key: self.key(),
            events,
        });
        Ok(self.hub().publish(request).await?.into_inner().results)
    }

    /// Long enough for the hub to have seen that a stream is closed: what comes later goes to the next one.
    pub async fn settle(&self) {
        Clock::system().sleep(SETTLED).await;
    }

    /// Every one of them is stored now.
    pub async fn accepted(&self, events: Vec<ChannelEvent>) -> Result<Vec<PublishResult>, Failure> {
        let results = self.publish(events).await?;
        for result in &results {
            ensure(result.outcome() == PublishOutcome::Accepted, || {
                format!("{} {}", result.outcome().as_str_name(), result.reason_text)
            })?;
        }
        Ok(results)
    }

    /// A chat in which a client has written, and its conversation.
    pub async fn talk(&self) -> Result<Talk, Failure> {
        let chat = self.unique("chat");
        let results = self.accepted(vec![self.written(&chat)]).await?;
        let conversation = results.first().map(|it| it.conversation_id.clone());
        Ok(Talk {
            chat,
            conversation: conversation.unwrap_or_default(),
        })
    }

    /// An employee answers; the text.
    pub async fn answer(&self, talk: &Talk) -> Result<String, Failure> {
        let text = self.unique("answer");
        let request = self.with(SendMessageRequest {
            conversation_id: talk.conversation.clone(),
            text: text.clone(),
            ..SendMessageRequest::default()
        });
        self.conversations().send_message(request).await?;
        Ok(text)
    }

    /// How far the newest message of a conversation has come, once it is there.
    pub async fn reaches(&self, talk: &Talk, status: DeliveryStatus) -> Result<(), Failure> {
        let clock = Clock::system();
        let looks = self.options.patience.as_millis() / LOOK.as_millis();
        let mut now = DeliveryStatus::Unspecified;
        for _ in 0..looks {
            now = self.status(talk).await?;
            if now == status {
                return Ok(());
            }
            clock.sleep(LOOK).await;
        }
        Err(Failure::unmet(format!(
            "the message is {}, not {}",
            now.as_str_name(),
            status.as_str_name()
        )))
    }

    /// How far the newest message of a conversation has come.
    pub async fn status(&self, talk: &Talk) -> Result<DeliveryStatus, Failure> {
        let request = self.with(ListMessagesRequest {
            conversation_id: talk.conversation.clone(),
            ..ListMessagesRequest::default()
        });
        let listed = self.conversations().list_messages(request).await?;
        let newest = listed.into_inner().messages.pop();
        Ok(newest.unwrap_or_default().delivery_status())
    }

    pub async fn take(&self, max_in_flight: i32) -> Result<Deliveries, Failure> {
        let request = self.with(TakeDeliveriesRequest {
            connector_key: self.key(),
            max_in_flight,
        });
        let steps = self.hub().take_deliveries(request).await?.into_inner();
        Ok(Deliveries {
            steps,
            patience: self.options.patience,
        })
    }

    /// Reports; the reason for which the report is refused, empty when it is taken.
    pub async fn report(&self, report: DeliveryReport) -> Result<String, Failure> {
        let request = self.with(ReportDeliveriesRequest {
            connector_key: self.key(),
            reports: vec![report],
        });
        let results = self
            .hub()
            .report_deliveries(request)
            .await?
            .into_inner()
            .results;
        let [result] = &results[..] else {
            return Err(Failure::unmet(format!(
                "{} results for one report",
                results.len()
            )));
        };
        Ok(result.reason.clone())
    }

    /// Says what became of a delivery, which the hub takes.
    pub async fn tell(&self, delivery: &Delivery, outcome: DeliveryOutcome) -> Result<(), Failure> {
        let reason = self.report(report(delivery, outcome)).await?;
        ensure(reason.is_empty(), || {
            format!("{} was refused: {reason}", outcome.as_str_name())
        })
    }
}

/// A report under the lease of a delivery.
pub fn report(delivery: &Delivery, outcome: DeliveryOutcome) -> DeliveryReport {
    DeliveryReport {
        delivery_id: delivery.id.clone(),
        lease_token: delivery.lease_token,
        outcome: outcome.into(),
        ..DeliveryReport::default()
    }
}

/// A chat and its conversation.
#[derive(Debug, Clone)]
pub struct Talk {
    pub chat: String,
    pub conversation: String,
}

/// A stream of deliveries.
pub struct Deliveries {
    steps: Streaming<TakeDeliveriesResponse>,
    patience: Duration,
}

impl Deliveries {
    /// The next delivery.
    pub async fn next(&mut self) -> Result<Delivery, Failure> {
        let patience = self.patience;
        let within = self.within(patience).await?;
        within.ok_or_else(|| Failure::unmet("no delivery was handed out"))
    }

    /// The next delivery, if one comes in time.
    pub async fn within(&mut self, time: Duration) -> Result<Option<Delivery>, Failure> {
        let next = async {
            while let Some(step) = self.steps.message().await? {
                if let Some(Taken::Delivery(delivery)) = step.event {
                    return Ok(delivery);
                }
            }
            Err(Failure::unmet("the stream of deliveries ended"))
        };
        tokio::time::timeout(time, next).await.ok().transpose()
    }
}
