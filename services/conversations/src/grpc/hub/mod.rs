//! `ConnectorHubService`: where connectors bring what clients write and take what employees answer.
//!
//! A connector of the installation (one of our services) works for every account, a program with an API key for its own
//! only: what belongs to another account is to it as if it did not exist.

mod channel_event;
mod channel_media;
mod download_media;
mod happen;
mod list_conversations;
mod list_messages;
pub(crate) mod publish;
mod publish_stream;
mod quarantine;
mod register;
pub(in crate::grpc) mod report;
mod report_health;
mod report_picture;
mod report_templates;
mod resolve_chats;
mod take;
mod upload_media;
mod upload_media_part;
pub mod wakes;
mod watch_connections;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use api::connector::v1::connector_hub_service_server::ConnectorHubService;
use api::connector::v1::{
    DownloadMediaRequest, DownloadMediaResponse, ListChatConversationsRequest,
    ListChatConversationsResponse, ListChatMessagesRequest, ListChatMessagesResponse,
    PublishRequest, PublishResponse, PublishStreamRequest, PublishStreamResponse,
    RegisterConnectorRequest, RegisterConnectorResponse, ReportDeliveriesRequest,
    ReportDeliveriesResponse, ReportHealthRequest, ReportHealthResponse, ReportPictureRequest,
    ReportPictureResponse, ReportTemplatesRequest, ReportTemplatesResponse, ResolveChatsRequest,
    ResolveChatsResponse, TakeDeliveriesRequest, TakeDeliveriesResponse, UploadMediaPartRequest,
    UploadMediaPartResponse, UploadMediaRequest, UploadMediaResponse, WatchConnectionsRequest,
    WatchConnectionsResponse,
};
use auth::{AccountScope, Caller, ConnectorScope};
use futures::Stream;
use kit::Refusal;
use kit::lifecycle::Lifecycle;
use kit::secrets::MasterKey;
use pg::{Db, Scope, SystemScope};
use tonic::{Request, Response, Status, Streaming};
use types::{Clock, ConnectionId};

use crate::after_commit::AfterCommit;
use crate::directory::Directory;
use crate::domain::connection::Connection;
use crate::files::Files;
use crate::grpc::HEARTBEAT;
use crate::ingest::Ingest;

/// A stream of answers.
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The service. Cheap to clone. What other replicas queue is heard by [`wakes::listen`].
#[derive(Debug, Clone)]
pub struct Hub {
    /// The schema of conversations.
    pub db: Db,
    /// The way of events.
    pub ingest: Ingest,
    /// Contents of files.
    pub files: Files,
    /// Whose a connection is.
    pub directory: Directory,
    /// What has to be told after a commit.
    pub after: AfterCommit,
    /// The time.
    pub clock: Clock,
    /// With which secrets of connections are sealed.
    pub key: MasterKey,
    /// Streams end with it.
    pub life: Lifecycle,
}

impl Hub {
    /// A connection that the connector may use, with the right to its account's data. Another account's or connector's is
    /// as unknown as one that does not exist.
    async fn connection(
        &self,
        connector: &ConnectorScope,
        id: ConnectionId,
    ) -> Result<(Arc<Connection>, AccountScope), Refusal> {
        let found = self.directory.find(&[id]).await?.remove(&id);
        found
            .and_then(|connection| enter(connector, connection))
            .ok_or_else(|| Refusal::connection_not_found(id))
    }
}

/// The connection and the right to its account's data, if it is the connector's.
fn enter(
    connector: &ConnectorScope,
    connection: Arc<Connection>,
) -> Option<(Arc<Connection>, AccountScope)> {
    let scope = connector
        .enter(connection.account)
        .filter(|_| connection.connector_key == connector.key())?;
    Some((connection, scope))
}

/// Whose rows a connector sees: its account's, or everybody's.
fn rows_of(connector: &ConnectorScope, job: &'static str) -> Scope {
    let own = connector
        .account()
        .and_then(|account| connector.enter(account));
    own.map_or_else(|| SystemScope::for_job(job).into(), Scope::from)
}

/// May the caller of an open stream still have it? A connector opens a new one with a fresh token.
fn still_valid(caller: &Caller, clock: &Clock) -> Result<(), Refusal> {
    caller.check_session()?;
    if caller.expires() <= clock.now() {
        return Err(Refusal::token_expired());
    }
    Ok(())
}

/// Between half and one and a half of `around`, so that streams do not all look at once.
fn jittered(around: Duration) -> Duration {
    around.mul_f64(rand::random_range(0.5..1.5))
}

#[tonic::async_trait]
impl ConnectorHubService for Hub {
    type WatchConnectionsStream = Answers<WatchConnectionsResponse>;
    type PublishStreamStream = Answers<PublishStreamResponse>;
    type TakeDeliveriesStream = Answers<TakeDeliveriesResponse>;
    type DownloadMediaStream = Answers<DownloadMediaResponse>;

    async fn upload_media(
        &self,
        request: Request<Streaming<UploadMediaRequest>>,
    ) -> Result<Response<UploadMediaResponse>, Status> {
        Ok(Response::new(upload_media::upload(self, request).await?))
    }

    async fn upload_media_part(
        &self,
        request: Request<UploadMediaPartRequest>,
    ) -> Result<Response<UploadMediaPartResponse>, Status> {
        Ok(Response::new(
            upload_media_part::upload(self, request).await?,
        ))
    }

    async fn download_media(
        &self,
        request: Request<DownloadMediaRequest>,
    ) -> Result<Response<Self::DownloadMediaStream>, Status> {
        Ok(Response::new(
            download_media::download(self, &request).await?,
        ))
    }

    async fn register_connector(
        &self,
        request: Request<RegisterConnectorRequest>,
    ) -> Result<Response<RegisterConnectorResponse>, Status> {
        Ok(Response::new(register::register(self, request).await?))
    }

    async fn watch_connections(
        &self,
        request: Request<WatchConnectionsRequest>,
    ) -> Result<Response<Self::WatchConnectionsStream>, Status> {
        Ok(Response::new(watch_connections::watch(self, &request)?))
    }

    async fn publish(
        &self,
        request: Request<PublishRequest>,
    ) -> Result<Response<PublishResponse>, Status> {
        Ok(Response::new(publish::publish(self, request).await?))
    }

    async fn publish_stream(
        &self,
        request: Request<Streaming<PublishStreamRequest>>,
    ) -> Result<Response<Self::PublishStreamStream>, Status> {
        Ok(Response::new(publish_stream::publish_stream(
            self, request,
        )?))
    }

    async fn take_deliveries(
        &self,
        request: Request<TakeDeliveriesRequest>,
    ) -> Result<Response<Self::TakeDeliveriesStream>, Status> {
        Ok(Response::new(take::take(self, request)?))
    }

    async fn report_deliveries(
        &self,
        request: Request<ReportDeliveriesRequest>,
    ) -> Result<Response<ReportDeliveriesResponse>, Status> {
        Ok(Response::new(report::report(self, request).await?))
    }

    async fn report_health(
        &self,
        request: Request<ReportHealthRequest>,
    ) -> Result<Response<ReportHealthResponse>, Status> {
        Ok(Response::new(report_health::report(self, request).await?))
    }

    async fn report_picture(
        &self,
        request: Request<ReportPictureRequest>,
    ) -> Result<Response<ReportPictureResponse>, Status> {
        Ok(Response::new(report_picture::report(self, request).await?))
    }

    async fn report_templates(
        &self,
        request: Request<ReportTemplatesRequest>,
    ) -> Result<Response<ReportTemplatesResponse>, Status> {
        Ok(Response::new(
            report_templates::report(self, request).await?,
        ))
    }

    async fn resolve_chats(
        &self,
        request: Request<ResolveChatsRequest>,
    ) -> Result<Response<ResolveChatsResponse>, Status> {
        Ok(Response::new(resolve_chats::resolve(self, request).await?))
    }

    async fn list_chat_messages(
        &self,
        request: Request<ListChatMessagesRequest>,
    ) -> Result<Response<ListChatMessagesResponse>, Status> {
        Ok(Response::new(list_messages::list(self, request).await?))
    }

    async fn list_chat_conversations(
        &self,
        request: Request<ListChatConversationsRequest>,
    ) -> Result<Response<ListChatConversationsResponse>, Status> {
        Ok(Response::new(
            list_conversations::list(self, request).await?,
        ))
    }
}
