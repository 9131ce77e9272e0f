//! OnlineChatService: «Онлайн-чаты» of the account.

mod create;
mod embed_code;
mod forward;
mod get;
mod issue_visitor_token;
mod landing;
mod list;
mod update;
mod wire;

use api::onlinechat::v1::online_chat_service_server::OnlineChatService;
use api::onlinechat::v1::{
    CreateOnlineChatRequest, CreateOnlineChatResponse, GetEmbedCodeRequest, GetEmbedCodeResponse,
    GetOnlineChatRequest, GetOnlineChatResponse, IssueVisitorTokenRequest,
    IssueVisitorTokenResponse, ListOnlineChatsRequest, ListOnlineChatsResponse,
    UpdateOnlineChatRequest, UpdateOnlineChatResponse,
};
use auth::AccountScope;
use kit::Refusal;
use pg::Db;
use tonic::{Request, Response, Status};
use types::OnlineChatId;

use crate::domain::online_chat::OnlineChat;
use crate::state::State;
use crate::store::online_chats::{self, Stored};

/// The service.
pub struct OnlineChats(pub State);

pub(super) use get::required_id;
pub(super) use landing::to_proto as landing_site_to_proto;
pub(super) use wire::mode_to_proto;

type Reply<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl OnlineChatService for OnlineChats {
    async fn create_online_chat(
        &self,
        request: Request<CreateOnlineChatRequest>,
    ) -> Reply<CreateOnlineChatResponse> {
        Ok(Response::new(create::create(&self.0, request).await?))
    }

    async fn get_online_chat(
        &self,
        request: Request<GetOnlineChatRequest>,
    ) -> Reply<GetOnlineChatResponse> {
        Ok(Response::new(get::get(&self.0, &request).await?))
    }

    async fn list_online_chats(
        &self,
        request: Request<ListOnlineChatsRequest>,
    ) -> Reply<ListOnlineChatsResponse> {
        Ok(Response::new(list::list(&self.0, &request).await?))
    }

    async fn update_online_chat(
        &self,
        request: Request<UpdateOnlineChatRequest>,
    ) -> Reply<UpdateOnlineChatResponse> {
        Ok(Response::new(update::update(&self.0, request).await?))
    }

    async fn get_embed_code(
        &self,
        request: Request<GetEmbedCodeRequest>,
    ) -> Reply<GetEmbedCodeResponse> {
        Ok(Response::new(
            embed_code::embed_code(&self.0, &request).await?,
        ))
    }

    async fn issue_visitor_token(
        &self,
        request: Request<IssueVisitorTokenRequest>,
    ) -> Reply<IssueVisitorTokenResponse> {
        Ok(Response::new(
            issue_visitor_token::issue(&self.0, &request).await?,
        ))
    }
}

/// The stored row of one online chat, finished or not.
async fn stored(db: &Db, scope: AccountScope, id: OnlineChatId) -> Result<Stored, Refusal> {
    let found = db.tx(scope, move |tx| {
        Box::pin(async move { online_chats::find(tx, scope.account(), id).await })
    });
    found
        .await?
        .ok_or_else(|| Refusal::online_chat_not_found(id))
}

/// One online chat.
async fn existing(db: &Db, scope: AccountScope, id: OnlineChatId) -> Result<OnlineChat, Refusal> {
    let stored = stored(db, scope, id).await?;
    stored
        .finished()
        .ok_or_else(|| Refusal::online_chat_not_found(id))
}
