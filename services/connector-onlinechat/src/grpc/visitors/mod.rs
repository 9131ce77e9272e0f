//! VisitorService: the chat window in a browser.
//!
//! Which chat a call is about comes from the session alone. Ids in requests name threads and messages *within* that chat, so
//! an id of another visitor's finds nothing there.

mod conversations;
mod download;
mod finish;
mod mark_read;
mod messages;
mod send;
mod start;
mod upload;
mod visitor;
mod watch;
pub(crate) mod wire;

use api::onlinechat::v1::visitor_service_server::VisitorService;
use api::onlinechat::v1::{
    DownloadVisitorFileRequest, FinishConversationRequest, FinishConversationResponse,
    ListVisitorConversationsRequest, ListVisitorConversationsResponse, ListVisitorMessagesRequest,
    ListVisitorMessagesResponse, MarkReadRequest, MarkReadResponse, SendVisitorMessageRequest,
    SendVisitorMessageResponse, StartVisitorSessionRequest, StartVisitorSessionResponse,
    UploadVisitorFilePartRequest, UploadVisitorFilePartResponse, WatchVisitorRequest,
};
use tonic::{Request, Response, Status};

use crate::live::stream::VisitorStream;
use crate::state::State;

/// The service.
pub struct Visitors(pub State);

type Reply<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl VisitorService for Visitors {
    async fn start_visitor_session(
        &self,
        request: Request<StartVisitorSessionRequest>,
    ) -> Reply<StartVisitorSessionResponse> {
        Ok(Response::new(start::start(&self.0, request).await?))
    }

    async fn list_visitor_conversations(
        &self,
        request: Request<ListVisitorConversationsRequest>,
    ) -> Reply<ListVisitorConversationsResponse> {
        Ok(Response::new(conversations::list(&self.0, &request).await?))
    }

    async fn list_visitor_messages(
        &self,
        request: Request<ListVisitorMessagesRequest>,
    ) -> Reply<ListVisitorMessagesResponse> {
        Ok(Response::new(messages::list(&self.0, &request).await?))
    }

    async fn send_visitor_message(
        &self,
        request: Request<SendVisitorMessageRequest>,
    ) -> Reply<SendVisitorMessageResponse> {
        Ok(Response::new(send::send(&self.0, &request).await?))
    }

    async fn upload_visitor_file_part(
        &self,
        request: Request<UploadVisitorFilePartRequest>,
    ) -> Reply<UploadVisitorFilePartResponse> {
        Ok(Response::new(upload::upload(&self.0, request).await?))
    }

    type DownloadVisitorFileStream = download::Contents;

    async fn download_visitor_file(
        &self,
        request: Request<DownloadVisitorFileRequest>,
    ) -> Reply<download::Contents> {
        Ok(Response::new(download::download(&self.0, &request).await?))
    }

    type WatchVisitorStream = VisitorStream;

    async fn watch_visitor(&self, request: Request<WatchVisitorRequest>) -> Reply<VisitorStream> {
        Ok(Response::new(watch::watch(&self.0, &request).await?))
    }

    async fn mark_read(&self, request: Request<MarkReadRequest>) -> Reply<MarkReadResponse> {
        Ok(Response::new(
            mark_read::mark_read(&self.0, &request).await?,
        ))
    }

    async fn finish_conversation(
        &self,
        request: Request<FinishConversationRequest>,
    ) -> Reply<FinishConversationResponse> {
        Ok(Response::new(finish::finish(&self.0, &request).await?))
    }
}
