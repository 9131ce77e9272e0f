//! Revokes a key.

use api::identity::v1::{RevokeApiKeyRequest, RevokeApiKeyResponse};
use kit::validate::Fields;
use tonic::Request;
use types::ApiKeyId;

use crate::Error;
use crate::changes::api_keys::revoke;
use crate::core::Core;
use crate::grpc::split;

pub async fn handle(
    core: &Core,
    request: Request<RevokeApiKeyRequest>,
) -> Result<RevokeApiKeyResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_administrator()?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let mut fields = Fields::new();
    let id = fields.id::<ApiKeyId>("api_key_id", &request.api_key_id);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(RevokeApiKeyResponse {});
    };
    core.db
        .tx(scope, move |tx| {
            Box::pin(async move { revoke(tx, by, id).await })
        })
        .await?;
    Ok(RevokeApiKeyResponse {})
}
