//! imBox: the list, and what changes in it.

mod favourite;
mod list;
mod open;
pub mod page;
mod watch;

use std::sync::Arc;

use api::conversations::v1::inbox_service_server::InboxService;
use api::conversations::v1::{
    AddFavouriteRequest, AddFavouriteResponse, ListConversationsRequest, ListConversationsResponse,
    OpenConversationRequest, OpenConversationResponse, RemoveFavouriteRequest,
    RemoveFavouriteResponse, WatchInboxRequest, WatchInboxResponse,
};
use futures::stream::BoxStream;
use pg::Db;
use rights::RightsCopy;
use tonic::{Request, Response, Status};
use types::Clock;

pub use favourite::MOST as MOST_FAVOURITES;

use crate::after_commit::AfterCommit;
use crate::consumers::AccountStates;
use crate::crm::CardReader;
use crate::live::Live;

/// `InboxService`.
#[derive(Debug, Clone)]
pub struct Inbox {
    /// Database.
    pub db: Db,
    /// Who may what.
    pub rights: RightsCopy,
    /// Is imBox on?
    pub accounts: Arc<AccountStates>,
    /// Cards as their readers may see them.
    pub cards: CardReader,
    /// Live events.
    pub live: Live,
    /// What is told after a commit.
    pub after: AfterCommit,
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

    async fn add_favourite(
        &self,
        request: Request<AddFavouriteRequest>,
    ) -> Result<Response<AddFavouriteResponse>, Status> {
        Ok(Response::new(favourite::add(self, &request).await?))
    }

    async fn remove_favourite(
        &self,
        request: Request<RemoveFavouriteRequest>,
    ) -> Result<Response<RemoveFavouriteResponse>, Status> {
        Ok(Response::new(favourite::remove(self, &request).await?))
    }

    async fn open_conversation(
        &self,
        request: Request<OpenConversationRequest>,
    ) -> Result<Response<OpenConversationResponse>, Status> {
        Ok(Response::new(
            open::open_conversation(self, &request).await?,
        ))
    }
}
