//! What is new for the caller, beside the list of conversations (CNV-02). A file an operation.

mod feed;
mod list;
mod mark;
mod watch;

use api::conversations::v1::notification_service_server::NotificationService;
use api::conversations::v1::{
    ListNotificationsRequest, ListNotificationsResponse, MarkNotificationsReadRequest,
    MarkNotificationsReadResponse, WatchNotificationsRequest, WatchNotificationsResponse,
};
use futures::stream::BoxStream;
use pg::Db;
use rights::RightsCopy;
use tonic::{Request, Response, Status};
use types::Clock;

use crate::after_commit::AfterCommit;
use crate::live::Live;

/// `NotificationService`.
#[derive(Debug, Clone)]
pub struct Notifications {
    /// Database.
    pub db: Db,
    /// Who may what.
    pub rights: RightsCopy,
    /// Live events.
    pub live: Live,
    /// What is told after a commit.
    pub after: AfterCommit,
    /// The time.
    pub clock: Clock,
}

#[tonic::async_trait]
impl NotificationService for Notifications {
    type WatchNotificationsStream = BoxStream<'static, Result<WatchNotificationsResponse, Status>>;

    async fn list_notifications(
        &self,
        request: Request<ListNotificationsRequest>,
    ) -> Result<Response<ListNotificationsResponse>, Status> {
        Ok(Response::new(
            list::list_notifications(self, &request).await?,
        ))
    }

    async fn mark_notifications_read(
        &self,
        request: Request<MarkNotificationsReadRequest>,
    ) -> Result<Response<MarkNotificationsReadResponse>, Status> {
        Ok(Response::new(mark::mark_read(self, &request).await?))
    }

    async fn watch_notifications(
        &self,
        request: Request<WatchNotificationsRequest>,
    ) -> Result<Response<Self::WatchNotificationsStream>, Status> {
        Ok(Response::new(
            watch::watch_notifications(self, &request).await?,
        ))
    }
}
