//! Makes a key.

use api::identity::v1::{ApiKey, CreateApiKeyRequest, CreateApiKeyResponse};
use auth::{Caller, Principal};
use kit::Refusal;
use kit::validate::Fields;
use time::OffsetDateTime;
use tonic::Request;

use crate::Error;
use crate::changes::api_keys::create;
use crate::core::Core;
use crate::domain::api_key::{MAX_SCOPES, is_scope};
use crate::grpc::split;

/// A request whose fields fit.
struct Valid {
    name: String,
    scopes: Vec<String>,
    expire_time: Option<OffsetDateTime>,
}

pub async fn handle(
    core: &Core,
    request: Request<CreateApiKeyRequest>,
) -> Result<CreateApiKeyResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_administrator()?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let Valid {
        name,
        scopes,
        expire_time,
    } = validated(request.api_key.unwrap_or_default(), by.now)?;
    grants_its_own_only(&caller, &scopes)?;
    let (key, secret) = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { create(tx, by, name, scopes, expire_time).await })
        })
        .await?;
    Ok(CreateApiKeyResponse {
        api_key: Some(key.into()),
        secret: secret.into_text(),
    })
}

/// A program must not make itself a key that can do more than it can.
fn grants_its_own_only(caller: &Caller, scopes: &[String]) -> Result<(), Refusal> {
    let Principal::Program { scopes: own, .. } = caller.principal() else {
        return Ok(());
    };
    let more = scopes.iter().find(|scope| !own.contains(scope));
    more.map_or(Ok(()), |scope| Err(Refusal::scope_missing(scope)))
}

fn validated(key: ApiKey, now: OffsetDateTime) -> Result<Valid, Error> {
    let mut fields = Fields::new();
    let name = fields.line("api_key.name", &key.name, 1..=200);
    let mut scopes = key.scopes;
    if !(1..=MAX_SCOPES).contains(&scopes.len()) {
        fields.reject("api_key.scopes", format!("must be 1 to {MAX_SCOPES}"));
    }
    for (place, scope) in scopes.iter().enumerate() {
        if !is_scope(scope) {
            fields.reject(&format!("api_key.scopes[{place}]"), "is no scope");
        }
    }
    scopes.sort_unstable();
    scopes.dedup();
    let expire_time = key.expire_time.map(|time| kit::time::from_proto(&time));
    if expire_time.is_some_and(|time| time.is_none_or(|time| time <= now)) {
        fields.reject("api_key.expire_time", "must be in the future");
    }
    fields.finish()?;
    Ok(Valid {
        name,
        scopes,
        expire_time: expire_time.flatten(),
    })
}
