//! The chat window, a file an operation.

mod block;
mod create;
mod get;
mod profile;
mod shown;
mod status;
mod window;
mod writability;

use std::sync::Arc;

use api::conversations::v1::chat_service_server::ChatService;
use api::conversations::v1::{
    BlockChatRequest, BlockChatResponse, CreateChatRequest, CreateChatResponse,
    GetChatProfileRequest, GetChatProfileResponse, GetChatRequest, GetChatResponse,
    GetWritabilityRequest, GetWritabilityResponse, ListContactChatsRequest,
    ListContactChatsResponse, ListWindowContactsRequest, ListWindowContactsResponse,
    OpenWindowRequest, OpenWindowResponse, UnblockChatRequest, UnblockChatResponse,
};
use pg::Db;
use rights::RightsCopy;
use tonic::{Request, Response, Status};
use types::Clock;

use crate::after_commit::AfterCommit;
use crate::clients::ClientChecks;
use crate::consumers::AccountStates;
use crate::crm::CardReader;

pub use shown::is_seen;
pub use status::{Place, refusal_of};

/// `ChatService`.
#[derive(Debug, Clone)]
pub struct Chats {
    /// Database.
    pub db: Db,
    /// What is told after a commit.
    pub after: AfterCommit,
    /// Who may what.
    pub rights: RightsCopy,
    /// Contacts.
    pub cards: CardReader,
    /// Says whether somebody is registered in a channel.
    pub clients: ClientChecks,
    /// May the account send?
    pub accounts: Arc<AccountStates>,
    /// The time.
    pub clock: Clock,
}

#[tonic::async_trait]
impl ChatService for Chats {
    async fn open_window(
        &self,
        request: Request<OpenWindowRequest>,
    ) -> Result<Response<OpenWindowResponse>, Status> {
        Ok(Response::new(window::open_window(self, &request).await?))
    }

    async fn list_window_contacts(
        &self,
        request: Request<ListWindowContactsRequest>,
    ) -> Result<Response<ListWindowContactsResponse>, Status> {
        Ok(Response::new(
            window::list_window_contacts(self, &request).await?,
        ))
    }

    async fn list_contact_chats(
        &self,
        request: Request<ListContactChatsRequest>,
    ) -> Result<Response<ListContactChatsResponse>, Status> {
        Ok(Response::new(
            window::list_contact_chats(self, &request).await?,
        ))
    }

    async fn get_chat(
        &self,
        request: Request<GetChatRequest>,
    ) -> Result<Response<GetChatResponse>, Status> {
        Ok(Response::new(get::get_chat(self, &request).await?))
    }

    async fn create_chat(
        &self,
        request: Request<CreateChatRequest>,
    ) -> Result<Response<CreateChatResponse>, Status> {
        Ok(Response::new(create::create_chat(self, &request).await?))
    }

    async fn get_chat_profile(
        &self,
        request: Request<GetChatProfileRequest>,
    ) -> Result<Response<GetChatProfileResponse>, Status> {
        Ok(Response::new(
            profile::get_chat_profile(self, &request).await?,
        ))
    }

    async fn get_writability(
        &self,
        request: Request<GetWritabilityRequest>,
    ) -> Result<Response<GetWritabilityResponse>, Status> {
        Ok(Response::new(
            writability::get_writability(self, &request).await?,
        ))
    }

    async fn block_chat(
        &self,
        request: Request<BlockChatRequest>,
    ) -> Result<Response<BlockChatResponse>, Status> {
        Ok(Response::new(block::block_chat(self, &request).await?))
    }

    async fn unblock_chat(
        &self,
        request: Request<UnblockChatRequest>,
    ) -> Result<Response<UnblockChatResponse>, Status> {
        Ok(Response::new(block::unblock_chat(self, &request).await?))
    }
}
