//! What the other services need to verify tokens and know accounts.

mod account_rights;
mod account_state;
mod erasure;
mod revocations;
mod tokens;

use std::sync::Arc;

use api::identity::internal::v1::identity_internal_service_server::IdentityInternalService;
use api::identity::internal::v1::{
    ExchangeApiKeyRequest, ExchangeApiKeyResponse, GetAccountRightsRequest,
    GetAccountRightsResponse, GetAccountStateRequest, GetAccountStateResponse, GetJwksRequest,
    GetJwksResponse, IssueServiceTokenRequest, IssueServiceTokenResponse, ListRevocationsRequest,
    ListRevocationsResponse, RecordErasureRequest, RecordErasureResponse,
};
use tonic::{Request, Response, Status};

use super::answer;
use crate::core::Core;

pub use revocations::LocalSource;

/// `IdentityInternalService`.
pub struct Internal(pub Arc<Core>);

#[tonic::async_trait]
impl IdentityInternalService for Internal {
    async fn get_jwks(
        &self,
        _: Request<GetJwksRequest>,
    ) -> Result<Response<GetJwksResponse>, Status> {
        Ok(Response::new(GetJwksResponse {
            jwks_json: self.0.keys.jwks(),
        }))
    }

    async fn issue_service_token(
        &self,
        request: Request<IssueServiceTokenRequest>,
    ) -> Result<Response<IssueServiceTokenResponse>, Status> {
        answer(tokens::issue_service_token(&self.0, request.get_ref()))
    }

    async fn exchange_api_key(
        &self,
        request: Request<ExchangeApiKeyRequest>,
    ) -> Result<Response<ExchangeApiKeyResponse>, Status> {
        answer(tokens::exchange_api_key(&self.0, request).await)
    }

    async fn list_revocations(
        &self,
        request: Request<ListRevocationsRequest>,
    ) -> Result<Response<ListRevocationsResponse>, Status> {
        answer(revocations::list(&self.0, request.into_inner()).await)
    }

    async fn get_account_state(
        &self,
        request: Request<GetAccountStateRequest>,
    ) -> Result<Response<GetAccountStateResponse>, Status> {
        answer(account_state::handle(&self.0, request).await)
    }

    async fn get_account_rights(
        &self,
        request: Request<GetAccountRightsRequest>,
    ) -> Result<Response<GetAccountRightsResponse>, Status> {
        answer(account_rights::handle(&self.0, request).await)
    }

    async fn record_erasure(
        &self,
        request: Request<RecordErasureRequest>,
    ) -> Result<Response<RecordErasureResponse>, Status> {
        answer(erasure::record(&self.0, request).await)
    }
}
