//! Search, a file an operation.

mod messages;

use std::sync::Arc;

use api::conversations::v1::search_service_server::SearchService;
use api::conversations::v1::{SearchMessagesRequest, SearchMessagesResponse};
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
}
