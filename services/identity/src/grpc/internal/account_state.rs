//! What other services need to know of an account.

use api::identity::internal::v1::{GetAccountStateRequest, GetAccountStateResponse};
use kit::Refusal;
use tonic::Request;
use types::AccountId;
use uuid::Uuid;

use crate::Error;
use crate::changes::accounts::nps;
use crate::core::Core;
use crate::domain::account::Subscription;
use crate::grpc::split;
use crate::store::accounts;

pub async fn handle(
    core: &Core,
    request: Request<GetAccountStateRequest>,
) -> Result<GetAccountStateResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_service()?;
    let id = Uuid::from_slice(&request.account_id)
        .map_err(|_| Refusal::field("account_id", "must be sixteen bytes"))?;
    let scope = caller.service_scope(AccountId::from(id))?;
    let account = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { accounts::get(tx, scope.account()).await })
        })
        .await?;
    let account = account.ok_or_else(|| Refusal::field("account_id", "is no account"))?;
    Ok(GetAccountStateResponse {
        subscription_active: account.subscription == Subscription::Active,
        imbox_enabled: account.imbox,
        message_search: account.plan.searches_messages(),
        client_cabinet: account.plan.has_client_cabinet(),
        nps: Some(nps(&account)),
        feed_bot_name: account.feed_bot().to_owned(),
        language: account.language,
    })
}
