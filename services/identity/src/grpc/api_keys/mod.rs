//! Keys of backend programs and connectors.

mod create;
mod list;
mod revoke;

use std::sync::Arc;

use api::identity::v1::api_key_service_server::ApiKeyService;
use api::identity::v1::{
    CreateApiKeyRequest, CreateApiKeyResponse, ListApiKeysRequest, ListApiKeysResponse,
    RevokeApiKeyRequest, RevokeApiKeyResponse,
};
use tonic::{Request, Response, Status};

use super::answer;
use crate::core::Core;

/// `ApiKeyService`.
pub struct ApiKeys(pub Arc<Core>);

#[tonic::async_trait]
impl ApiKeyService for ApiKeys {
    async fn create_api_key(
        &self,
        request: Request<CreateApiKeyRequest>,
    ) -> Result<Response<CreateApiKeyResponse>, Status> {
        answer(create::handle(&self.0, request).await)
    }

    async fn list_api_keys(
        &self,
        request: Request<ListApiKeysRequest>,
    ) -> Result<Response<ListApiKeysResponse>, Status> {
        answer(list::handle(&self.0, request).await)
    }

    async fn revoke_api_key(
        &self,
        request: Request<RevokeApiKeyRequest>,
    ) -> Result<Response<RevokeApiKeyResponse>, Status> {
        answer(revoke::handle(&self.0, request).await)
    }
}
