//! What other services tell conversations.

mod attach;
mod cards;

use api::conversations::internal::v1::conversation_internal_service_server::ConversationInternalService;
use api::conversations::internal::v1::{
    AttachConversationRequest, AttachConversationResponse, GetConversationCardsRequest,
    GetConversationCardsResponse,
};
use kit::Refusal;
use pg::Db;
use tonic::{Request, Response, Status};

use uuid::Uuid;

use crate::after_commit::AfterCommit;

/// `ConversationInternalService`.
#[derive(Debug, Clone)]
pub struct Internal {
    /// Database.
    pub db: Db,
    /// What is told after a commit.
    pub after: AfterCommit,
}

#[tonic::async_trait]
impl ConversationInternalService for Internal {
    async fn attach_conversation(
        &self,
        request: Request<AttachConversationRequest>,
    ) -> Result<Response<AttachConversationResponse>, Status> {
        Ok(Response::new(attach::attach(self, request).await?))
    }

    async fn get_conversation_cards(
        &self,
        request: Request<GetConversationCardsRequest>,
    ) -> Result<Response<GetConversationCardsResponse>, Status> {
        Ok(Response::new(cards::get(self, &request).await?))
    }
}

/// An id in sixteen bytes.
fn id(field: &str, bytes: &[u8]) -> Result<Uuid, Refusal> {
    Uuid::from_slice(bytes).map_err(|_| Refusal::field(field, "must be sixteen bytes"))
}
