//! Work with one conversation, a file an operation.

mod change;
mod close;
mod content;
mod explain;
mod export;
mod get;
mod link;
mod list_messages;
mod mark_no_answer_needed;
mod send;
mod send_nps;
mod start;
mod status;
mod write;

use std::sync::Arc;

use api::conversations::v1::conversation_service_server::ConversationService;
use api::conversations::v1::{
    CloseConversationRequest, CloseConversationResponse, ExplainVisibilityRequest,
    ExplainVisibilityResponse, ExportConversationRequest, ExportConversationResponse,
    GetConversationRequest, GetConversationResponse, LinkConversationRequest,
    LinkConversationResponse, ListMessagesRequest, ListMessagesResponse, MarkNoAnswerNeededRequest,
    MarkNoAnswerNeededResponse, SendMessageRequest, SendMessageResponse, SendNpsRequest,
    SendNpsResponse, StartConversationRequest, StartConversationResponse,
};
use futures::stream::BoxStream;
use pg::Db;
use rights::RightsCopy;
use tonic::{Request, Response, Status};
use types::Clock;

pub use get::{conversation_id, readable, survey, visible};
pub use list_messages::newest;
pub use status::Error;

use crate::after_commit::AfterCommit;
use crate::consumers::AccountStates;
use crate::crm::CardReader;

/// `ConversationService`.
#[derive(Debug, Clone)]
pub struct Conversations {
    /// Database.
    pub db: Db,
    /// What is told after a commit.
    pub after: AfterCommit,
    /// Who may what.
    pub rights: RightsCopy,
    /// Contacts.
    pub cards: CardReader,
    /// May the account send?
    pub accounts: Arc<AccountStates>,
    /// The time.
    pub clock: Clock,
}

#[tonic::async_trait]
impl ConversationService for Conversations {
    type ExportConversationStream = BoxStream<'static, Result<ExportConversationResponse, Status>>;

    async fn export_conversation(
        &self,
        request: Request<ExportConversationRequest>,
    ) -> Result<Response<Self::ExportConversationStream>, Status> {
        Ok(Response::new(
            export::export_conversation(self, &request).await?,
        ))
    }

    async fn get_conversation(
        &self,
        request: Request<GetConversationRequest>,
    ) -> Result<Response<GetConversationResponse>, Status> {
        Ok(Response::new(get::get_conversation(self, &request).await?))
    }

    async fn list_messages(
        &self,
        request: Request<ListMessagesRequest>,
    ) -> Result<Response<ListMessagesResponse>, Status> {
        Ok(Response::new(
            list_messages::list_messages(self, &request).await?,
        ))
    }

    async fn send_message(
        &self,
        request: Request<SendMessageRequest>,
    ) -> Result<Response<SendMessageResponse>, Status> {
        Ok(Response::new(send::send_message(self, &request).await?))
    }

    async fn start_conversation(
        &self,
        request: Request<StartConversationRequest>,
    ) -> Result<Response<StartConversationResponse>, Status> {
        Ok(Response::new(
            start::start_conversation(self, &request).await?,
        ))
    }

    async fn mark_no_answer_needed(
        &self,
        request: Request<MarkNoAnswerNeededRequest>,
    ) -> Result<Response<MarkNoAnswerNeededResponse>, Status> {
        Ok(Response::new(
            mark_no_answer_needed::mark_no_answer_needed(self, &request).await?,
        ))
    }

    async fn close_conversation(
        &self,
        request: Request<CloseConversationRequest>,
    ) -> Result<Response<CloseConversationResponse>, Status> {
        Ok(Response::new(
            close::close_conversation(self, &request).await?,
        ))
    }

    async fn send_nps(
        &self,
        request: Request<SendNpsRequest>,
    ) -> Result<Response<SendNpsResponse>, Status> {
        Ok(Response::new(send_nps::send_nps(self, &request).await?))
    }

    async fn link_conversation(
        &self,
        request: Request<LinkConversationRequest>,
    ) -> Result<Response<LinkConversationResponse>, Status> {
        Ok(Response::new(
            link::link_conversation(self, &request).await?,
        ))
    }

    async fn explain_visibility(
        &self,
        request: Request<ExplainVisibilityRequest>,
    ) -> Result<Response<ExplainVisibilityResponse>, Status> {
        Ok(Response::new(
            explain::explain_visibility(self, &request).await?,
        ))
    }
}
