//! The hub, as a connector calls it.

use std::sync::Arc;
use std::time::Duration;

use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use api::connector::v1::list_chat_messages_request::Position;
use api::connector::v1::take_deliveries_response::Event as Taken;
use api::connector::v1::watch_connections_response::Event as Watched;
use api::connector::v1::{
    ChannelEvent, ChatConversation, ChatIds, ConnectorConnection, ConnectorManifest, Delivery,
    DeliveryReport, HealthReport, ListChatConversationsRequest, ListChatMessagesRequest,
    ListChatMessagesResponse, PublishRequest, PublishResult, RegisterConnectorRequest,
    ReportDeliveriesRequest, ReportHealthRequest, ReportPictureRequest, ReportResult,
    ReportTemplatesRequest, ResolveChatsRequest, TakeDeliveriesRequest, WatchConnectionsRequest,
};
use api::conversations::v1::Template;
use auth::ServiceTokens;
use futures::{Stream, StreamExt};
use http::{HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use tonic::body::Body;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// How long a call may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// Events in one call at most.
pub(crate) const MOST_EVENTS: usize = 500;

/// A call that failed.
pub type Error = Status;

/// Calls that carry the connector's credentials.
pub(crate) type Transport =
    BoxCloneSyncService<http::Request<Body>, http::Response<Body>, tonic::transport::Error>;

/// The hub. A clone is cheap and shares the connection.
#[derive(Clone)]
pub struct Hub {
    pub(crate) client: ConnectorHubServiceClient<Transport>,
    connector_key: Arc<str>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Hub").field(&self.connector_key).finish()
    }
}

/// What [`Hub::connections`] tells.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// A connection as it is now.
    Connection(ConnectorConnection),
    /// All connections that exist were told.
    Synced,
}

impl Hub {
    /// The hub behind `channel` for a connector of the installation, which is a service: its name is "connector-" and the key.
    #[must_use]
    pub fn of_service(tokens: &ServiceTokens, channel: Channel, connector_key: &str) -> Self {
        Self::new(
            BoxCloneSyncService::new(tokens.channel(channel)),
            connector_key,
        )
    }

    /// The hub behind `channel`, which leads to the gateway, for a program with an API key whose scope is `connector:<key>`.
    ///
    /// # Errors
    /// When the API key cannot be a header.
    pub fn of_program(
        api_key: &SecretString,
        channel: Channel,
        connector_key: &str,
    ) -> Result<Self, header::InvalidHeaderValue> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", api_key.expose_secret()))?;
        value.set_sensitive(true);
        let authorized = channel.map_request(move |mut request: http::Request<Body>| {
            let headers = request.headers_mut();
            headers.insert(header::AUTHORIZATION, value.clone());
            request
        });
        Ok(Self::new(
            BoxCloneSyncService::new(authorized),
            connector_key,
        ))
    }

    fn new(transport: Transport, connector_key: &str) -> Self {
        Self {
            client: ConnectorHubServiceClient::new(transport),
            connector_key: connector_key.into(),
        }
    }

    /// The connector's key.
    #[must_use]
    pub fn connector_key(&self) -> &str {
        &self.connector_key
    }

    pub(crate) fn key(&self) -> String {
        (*self.connector_key).to_owned()
    }

    /// Says who the connector is.
    ///
    /// # Errors
    /// When the hub cannot be reached, or refuses the manifest.
    pub async fn register(&self, manifest: ConnectorManifest) -> Result<(), Error> {
        let request = timed(RegisterConnectorRequest {
            manifest: Some(manifest),
        });
        self.client.clone().register_connector(request).await?;
        Ok(())
    }

    /// Brings up to 500 events, once. A refused event is no error.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails.
    pub async fn publish(&self, events: Vec<ChannelEvent>) -> Result<Vec<PublishResult>, Error> {
        let request = timed(PublishRequest {
            connector_key: self.key(),
            events,
        });
        let reply = self.client.clone().publish(request).await?;
        Ok(reply.into_inner().results)
    }

    /// All of the connector's connections, then each change, until the hub ends the stream.
    ///
    /// # Errors
    /// When the hub cannot be reached.
    pub async fn connections(
        &self,
    ) -> Result<impl Stream<Item = Result<News, Error>> + Send + use<>, Error> {
        let request = WatchConnectionsRequest {
            connector_key: self.key(),
        };
        let stream = self.client.clone().watch_connections(request).await?;
        Ok(stream.into_inner().filter_map(async |step| match step {
            Ok(step) => match step.event? {
                Watched::Connection(connection) => Some(Ok(News::Connection(connection))),
                Watched::Synced(_) => Some(Ok(News::Synced)),
                Watched::Heartbeat(_) => None,
            },
            Err(error) => Some(Err(error)),
        }))
    }

    /// Deliveries as they come due, at most `most` under lease at once, until the hub ends the stream.
    ///
    /// # Errors
    /// When the hub cannot be reached.
    pub async fn deliveries(
        &self,
        most: i32,
    ) -> Result<impl Stream<Item = Result<Delivery, Error>> + Send + use<>, Error> {
        let request = TakeDeliveriesRequest {
            connector_key: self.key(),
            max_in_flight: most,
        };
        let stream = self.client.clone().take_deliveries(request).await?;
        Ok(stream.into_inner().filter_map(async |step| match step {
            Ok(step) => match step.event? {
                Taken::Delivery(delivery) => Some(Ok(delivery)),
                Taken::Heartbeat(_) => None,
            },
            Err(error) => Some(Err(error)),
        }))
    }

    /// Says what became of deliveries, at most 500.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails.
    pub async fn report(&self, reports: Vec<DeliveryReport>) -> Result<Vec<ReportResult>, Error> {
        let request = timed(ReportDeliveriesRequest {
            connector_key: self.key(),
            reports,
        });
        let reply = self.client.clone().report_deliveries(request).await?;
        Ok(reply.into_inner().results)
    }

    /// Says how connections are, at most 100.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails.
    pub async fn report_health(&self, reports: Vec<HealthReport>) -> Result<(), Error> {
        let request = timed(ReportHealthRequest {
            connector_key: self.key(),
            reports,
        });
        self.client.clone().report_health(request).await?;
        Ok(())
    }

    /// Says under which ids chats are known, each given by all of its ids.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails.
    pub async fn resolve(
        &self,
        connection_id: &str,
        chats: Vec<Vec<String>>,
    ) -> Result<Vec<String>, Error> {
        let chats = chats.into_iter().map(|ids| ChatIds { ids });
        let request = timed(ResolveChatsRequest {
            connector_key: self.key(),
            connection_id: connection_id.to_owned(),
            chats: chats.collect(),
        });
        let reply = self.client.clone().resolve_chats(request).await?;
        Ok(reply.into_inner().external_chat_ids)
    }

    /// Tells which picture the client of a chat shows of themselves, by the channel's id of it; empty: none. True when the hub does not
    /// have it: then [`Hub::upload`] it and tell it again, with the id of the file.
    ///
    /// # Errors
    /// When the hub cannot be reached, does not know the chat, or refuses the file.
    pub async fn report_picture(
        &self,
        connection_id: &str,
        chat: &str,
        picture: &str,
        file: Option<&str>,
    ) -> Result<bool, Error> {
        let request = timed(ReportPictureRequest {
            connector_key: self.key(),
            connection_id: connection_id.to_owned(),
            external_chat_id: chat.to_owned(),
            picture_id: picture.to_owned(),
            attachment_id: file.unwrap_or_default().to_owned(),
        });
        let reply = self.client.clone().report_picture(request).await?;
        Ok(reply.into_inner().wanted)
    }

    /// Tells all templates of a connection.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails.
    pub async fn report_templates(
        &self,
        connection_id: &str,
        templates: Vec<Template>,
    ) -> Result<(), Error> {
        let request = timed(ReportTemplatesRequest {
            connector_key: self.key(),
            connection_id: connection_id.to_owned(),
            templates,
        });
        self.client.clone().report_templates(request).await?;
        Ok(())
    }

    /// A page of a chat's messages; an empty thread means all of the chat.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails.
    pub async fn messages(
        &self,
        connection_id: &str,
        chat: &str,
        thread: &str,
        page_size: i32,
        position: Option<Position>,
    ) -> Result<ListChatMessagesResponse, Error> {
        let request = timed(ListChatMessagesRequest {
            connector_key: self.key(),
            connection_id: connection_id.to_owned(),
            external_chat_id: chat.to_owned(),
            external_thread_id: thread.to_owned(),
            page_size,
            position,
        });
        let reply = self.client.clone().list_chat_messages(request).await?;
        Ok(reply.into_inner())
    }

    /// A chat's conversations that are not finished, the newest message first.
    ///
    /// # Errors
    /// When the hub cannot be reached or fails.
    pub async fn conversations(
        &self,
        connection_id: &str,
        chat: &str,
    ) -> Result<Vec<ChatConversation>, Error> {
        let request = timed(ListChatConversationsRequest {
            connector_key: self.key(),
            connection_id: connection_id.to_owned(),
            external_chat_id: chat.to_owned(),
            include_closed: false,
        });
        let reply = self.client.clone().list_chat_conversations(request).await?;
        Ok(reply.into_inner().conversations)
    }
}

/// May the same call succeed when it is repeated? Everything the hub refuses for good has a reason with it.
pub(crate) fn is_passing(error: &Error) -> bool {
    match error.code() {
        Code::Unavailable
        | Code::ResourceExhausted
        | Code::DeadlineExceeded
        | Code::Cancelled
        | Code::Aborted
        // A token that just ran out, or identity away for a moment.
        | Code::Unauthenticated => true,
        // The connection broke under the call.
        Code::Unknown | Code::Internal => kit::refusal::reason_of(error).is_none(),
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::DataLoss => false,
    }
}

pub(crate) fn timed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}
