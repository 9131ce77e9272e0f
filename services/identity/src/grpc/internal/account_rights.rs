//! All that decides who may do what in an account, for a service that has missed the events.

use api::identity::internal::v1::{GetAccountRightsRequest, GetAccountRightsResponse};
use kit::Refusal;
use tonic::Request;
use types::AccountId;
use uuid::Uuid;

use crate::Error;
use crate::core::Core;
use crate::grpc::split;
use crate::store::{accounts, rights};

pub async fn handle(
    core: &Core,
    request: Request<GetAccountRightsRequest>,
) -> Result<GetAccountRightsResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_service()?;
    let id = Uuid::from_slice(&request.account_id)
        .map_err(|_| Refusal::field("account_id", "must be sixteen bytes"))?;
    let account = AccountId::from(id);
    let scope = caller.service_scope(account)?;
    let state = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move {
                if accounts::get(tx, account).await?.is_none() {
                    return Ok(None);
                }
                Ok::<_, Error>(Some(rights::account(tx, account).await?))
            })
        })
        .await?;
    let state = state.ok_or_else(|| Refusal::field("account_id", "is no account"))?;
    Ok(GetAccountRightsResponse {
        rights: Some(auth::rights::write_account(account, &state)),
    })
}
