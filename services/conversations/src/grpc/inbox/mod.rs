//! imBox: the list, and what changes in it.

mod list;
mod watch;

use api::conversations::v1::inbox_service_server::InboxService;
use api::conversations::v1::{
    ListConversationsRequest, ListConversationsResponse, WatchInboxRequest, WatchInboxResponse,
};
use futures::stream::BoxStream;
use pg::Db;
use rights::RightsCopy;
use tonic::{Request, Response, Status};
use types::Clock;

use crate::live::Live;

/// `InboxService`.
#[derive(Debug, Clone)]
pub struct Inbox {
    /// Database.
    pub db: Db,
    /// Who may what.
    pub rights: RightsCopy,
    /// Live events.
    pub live: Live,
    /// The time.
    pub clock: Clock,
}

#[tonic::async_trait]
impl InboxService for Inbox {
    type WatchInboxStream = BoxStream<'static, Result<WatchInboxResponse, Status>>;

    async fn list_conversations(
        &self,
        request: Request<ListConversationsRequest>,
    ) -> Result<Response<ListConversationsResponse>, Status> {
        Ok(Response::new(
            list::list_conversations(self, &request).await?,
        ))
    }

    async fn watch_inbox(
        &self,
        request: Request<WatchInboxRequest>,
    ) -> Result<Response<Self::WatchInboxStream>, Status> {
        Ok(Response::new(watch::watch_inbox(self, &request).await?))
    }
}
