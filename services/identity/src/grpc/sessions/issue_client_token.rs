//! An access token for a backend program, by its API key.

use api::identity::v1::{IssueClientTokenRequest, IssueClientTokenResponse};
use kit::time::to_proto;
use kit::validate::Fields;
use tonic::Request;
use types::ApiKeyId;

use crate::Error;
use crate::core::Core;
use crate::domain::api_key::Secret;
use crate::exchange::{self, ProgramToken};
use crate::grpc::client_address;

pub async fn handle(
    core: &Core,
    request: Request<IssueClientTokenRequest>,
) -> Result<IssueClientTokenResponse, Error> {
    let address = client_address(&request);
    let request = request.into_inner();
    let mut fields = Fields::new();
    let id = fields.id::<ApiKeyId>("client_id", &request.client_id);
    fields.key("client_secret", &request.client_secret, 1..=200);
    fields.finish()?;
    let paid = core
        .limits
        .take(&[address, format!("key {}", request.client_id)])
        .await?;
    let secret = Secret::parse(&request.client_secret).filter(|secret| Some(secret.key()) == id);
    let secret = secret.ok_or(Error::CredentialsInvalid)?;
    let ProgramToken {
        text,
        expires,
        scopes,
    } = exchange::program_token(core, &secret).await?;
    paid.give_back().await;
    Ok(IssueClientTokenResponse {
        access_token: text,
        access_expire_time: Some(to_proto(expires)),
        scopes,
    })
}
