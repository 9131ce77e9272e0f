//! Tokens of services, and of programs by their secret.

use api::identity::internal::v1::{
    ExchangeApiKeyRequest, ExchangeApiKeyResponse, IssueServiceTokenRequest,
    IssueServiceTokenResponse,
};
use auth::Principal;
use auth::token::Grant;
use kit::secrets::sha256;
use kit::time::to_proto;
use kit::validate::Fields;
use secrecy::ExposeSecret;
use tonic::Request;
use types::Language;

use crate::Error;
use crate::core::Core;
use crate::domain::api_key::Secret;
use crate::exchange::{self, ProgramToken};
use crate::grpc::split;

pub fn issue_service_token(
    core: &Core,
    request: &IssueServiceTokenRequest,
) -> Result<IssueServiceTokenResponse, Error> {
    let mut fields = Fields::new();
    let name = fields.key("service", &request.service, 1..=64);
    fields.key("secret", &request.secret, 1..=200);
    fields.finish()?;
    let expected = core.master.service_secret(&name);
    // Digests are compared, so that the time it takes says nothing about how much of the secret was right.
    if sha256(expected.expose_secret().as_bytes()) != sha256(request.secret.as_bytes()) {
        return Err(Error::CredentialsInvalid);
    }
    let (access_token, expires) = core
        .keys
        .sign(&Grant::new(Principal::Service { name }, Language::En))?;
    Ok(IssueServiceTokenResponse {
        access_token,
        access_expire_time: Some(to_proto(expires)),
    })
}

pub async fn exchange_api_key(
    core: &Core,
    request: Request<ExchangeApiKeyRequest>,
) -> Result<ExchangeApiKeyResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_service()?;
    let mut fields = Fields::new();
    fields.key("secret", &request.secret, 1..=200);
    fields.finish()?;
    let secret = Secret::parse(&request.secret).ok_or(Error::CredentialsInvalid)?;
    let ProgramToken { text, expires, .. } = exchange::program_token(core, &secret).await?;
    Ok(ExchangeApiKeyResponse {
        access_token: text,
        access_expire_time: Some(to_proto(expires)),
    })
}
