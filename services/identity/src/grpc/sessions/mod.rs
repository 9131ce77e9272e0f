//! Log-in and sessions.

mod begin_crm;
mod end;
mod get_caller;
mod issue_client_token;
mod list;
mod log_in;
mod refresh;

use std::sync::Arc;

use api::identity::v1::session_service_server::SessionService;
use api::identity::v1::{
    BeginCrmSessionRequest, BeginCrmSessionResponse, GetCallerRequest, GetCallerResponse,
    IssueClientTokenRequest, IssueClientTokenResponse, KillSessionRequest, KillSessionResponse,
    ListSessionsRequest, ListSessionsResponse, LogInRequest, LogInResponse, LogOutRequest,
    LogOutResponse, RefreshSessionRequest, RefreshSessionResponse, TokenPair,
};
use kit::time::to_proto;
use time::OffsetDateTime;
use tonic::{Request, Response, Status};

use super::answer;
use crate::core::Core;
use crate::domain::refresh::RefreshToken;
use crate::domain::session::Session;

/// `SessionService`.
pub struct Sessions(pub Arc<Core>);

#[tonic::async_trait]
impl SessionService for Sessions {
    async fn log_in(
        &self,
        request: Request<LogInRequest>,
    ) -> Result<Response<LogInResponse>, Status> {
        answer(log_in::handle(&self.0, request).await)
    }

    async fn begin_crm_session(
        &self,
        request: Request<BeginCrmSessionRequest>,
    ) -> Result<Response<BeginCrmSessionResponse>, Status> {
        answer(begin_crm::handle(&self.0, request).await)
    }

    async fn refresh_session(
        &self,
        request: Request<RefreshSessionRequest>,
    ) -> Result<Response<RefreshSessionResponse>, Status> {
        answer(refresh::handle(&self.0, request.into_inner()).await)
    }

    async fn log_out(
        &self,
        request: Request<LogOutRequest>,
    ) -> Result<Response<LogOutResponse>, Status> {
        answer(end::log_out(&self.0, request).await)
    }

    async fn issue_client_token(
        &self,
        request: Request<IssueClientTokenRequest>,
    ) -> Result<Response<IssueClientTokenResponse>, Status> {
        answer(issue_client_token::handle(&self.0, request).await)
    }

    async fn get_caller(
        &self,
        request: Request<GetCallerRequest>,
    ) -> Result<Response<GetCallerResponse>, Status> {
        answer(get_caller::handle(&self.0, request).await)
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        answer(list::handle(&self.0, request).await)
    }

    async fn kill_session(
        &self,
        request: Request<KillSessionRequest>,
    ) -> Result<Response<KillSessionResponse>, Status> {
        answer(end::kill(&self.0, request).await)
    }
}

fn token_pair(
    access: (String, OffsetDateTime),
    refresh: &RefreshToken,
    session: &Session,
) -> TokenPair {
    TokenPair {
        access_token: access.0,
        access_expire_time: Some(to_proto(access.1)),
        refresh_token: refresh.to_text(),
        refresh_expire_time: Some(to_proto(session.expire_time)),
        session_id: session.id.to_string(),
    }
}
