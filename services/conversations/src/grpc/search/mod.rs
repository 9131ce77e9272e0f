//! Search, a file an operation.

mod chats;
mod contacts;
mod messages;

use std::sync::Arc;

use api::conversations::v1::search_service_server::SearchService;
use api::conversations::v1::{
    SearchChatsRequest, SearchChatsResponse, SearchMessagesRequest, SearchMessagesResponse,
};
use api::crm::internal::v1::crm_internal_service_client::CrmInternalServiceClient;
use auth::ServiceChannel;
use pg::Db;
use rights::RightsCopy;
use tonic::{Request, Response, Status};

use crate::consumers::AccountStates;

/// `SearchService`.
#[derive(Debug, Clone)]
pub struct Search {
    /// Database.
    pub db: Db,
    /// Who may what.
    pub rights: RightsCopy,
    /// Does the plan include it?
    pub accounts: Arc<AccountStates>,
    /// Knows telephone numbers and names in messengers.
    pub crm: CrmInternalServiceClient<ServiceChannel>,
}

#[tonic::async_trait]
impl SearchService for Search {
    async fn search_messages(
        &self,
        request: Request<SearchMessagesRequest>,
    ) -> Result<Response<SearchMessagesResponse>, Status> {
        Ok(Response::new(
            messages::search_messages(self, &request).await?,
        ))
    }

    async fn search_chats(
        &self,
        request: Request<SearchChatsRequest>,
    ) -> Result<Response<SearchChatsResponse>, Status> {
        Ok(Response::new(chats::search_chats(self, &request).await?))
    }
}
