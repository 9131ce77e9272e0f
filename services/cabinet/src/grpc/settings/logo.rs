//! UploadLogo and DeleteLogo.

use api::cabinet::v1::{
    DeleteLogoRequest, DeleteLogoResponse, UploadLogoRequest, UploadLogoResponse,
};
use auth::{AccountScope, Caller};
use kit::Refusal;
use tonic::Request;

use super::{of_account, shown};
use crate::domain::logo;
use crate::state::Parts;
use crate::store::{cabinets, logos};

pub(super) async fn upload(
    state: &Parts,
    request: Request<UploadLogoRequest>,
) -> Result<UploadLogoResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let file = request.into_inner().png;
    // Unpacking and packing 640,000 pixels takes tens of milliseconds.
    let read = tokio::task::spawn_blocking(move || logo::read(&file)).await;
    let logo = read
        .map_err(Refusal::internal)?
        .map_err(|error| Refusal::field("png", error.to_string()))?;
    let now = state.clock.now();
    let stored = state.db.tx(scope, move |tx| {
        Box::pin(async move {
            let account = scope.account();
            cabinets::of_account(tx, account, now).await?;
            logos::store(tx, account, &logo).await?;
            cabinets::touch(tx, account, now).await
        })
    });
    stored.await?;
    forget(state, scope).await?;
    Ok(UploadLogoResponse {
        settings: Some(shown(state, scope).await?),
    })
}

pub(super) async fn delete(
    state: &Parts,
    request: &Request<DeleteLogoRequest>,
) -> Result<DeleteLogoResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let now = state.clock.now();
    let deleted = state.db.tx(scope, move |tx| {
        Box::pin(async move {
            if logos::delete(tx, scope.account()).await? {
                cabinets::touch(tx, scope.account(), now).await?;
            }
            Ok::<_, pg::Error>(())
        })
    });
    deleted.await?;
    forget(state, scope).await?;
    Ok(DeleteLogoResponse {
        settings: Some(shown(state, scope).await?),
    })
}

/// Clients see the change at once.
async fn forget(state: &Parts, scope: AccountScope) -> Result<(), Refusal> {
    state.cabinets.forget(of_account(state, scope).await?.id);
    Ok(())
}
