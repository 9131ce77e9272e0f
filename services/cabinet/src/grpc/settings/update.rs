//! UpdateCabinetSettings: the switch has its conditions (CAB-05, CAB-07), everything else only has to fit.

use api::cabinet::v1::{UpdateCabinetSettingsRequest, UpdateCabinetSettingsResponse};
use auth::{AccountScope, Caller};
use kit::Refusal;
use tonic::Request;

use super::change::Change;
use super::{connection, names, of_account, shown, wire};
use crate::domain::settings::{Cabinet, Settings};
use crate::state::Parts;
use crate::store::{cabinets, providers};

/// The plan that includes the cabinet (CAB-05).
const PLAN: &str = "extended";

pub(super) async fn update(
    state: &Parts,
    request: Request<UpdateCabinetSettingsRequest>,
) -> Result<UpdateCabinetSettingsResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let UpdateCabinetSettingsRequest {
        settings,
        update_mask,
    } = request.into_inner();
    let change = Change::read(settings, update_mask)?;
    let before = of_account(state, scope).await?;
    let after = change.apply(&before.settings)?;
    if after.enabled {
        require_conditions(state, scope, &before.settings, &after).await?;
    }
    names::check(state, &caller, &change, &after).await?;
    if after.enabled {
        connection::ensure(state, &caller, scope, &before).await?;
    }
    store(state, scope, &before, after, change.etag()).await?;
    state.cabinets.forget(before.id);
    Ok(UpdateCabinetSettingsResponse {
        settings: Some(shown(state, scope).await?),
    })
}

/// What a cabinet that is on needs.
async fn require_conditions(
    state: &Parts,
    scope: AccountScope,
    before: &Settings,
    after: &Settings,
) -> Result<(), Refusal> {
    if !before.enabled && !state.accounts.get(scope.account()).await?.has_cabinet {
        return Err(Refusal::plan_insufficient(PLAN));
    }
    if after.sms_providers.is_empty() {
        return Err(Refusal::sms_provider_missing());
    }
    Ok(())
}

/// Stores the settings, unless somebody else has changed them since they were read.
async fn store(
    state: &Parts,
    scope: AccountScope,
    before: &Cabinet,
    after: Settings,
    etag: &str,
) -> Result<(), Refusal> {
    if !etag.is_empty() && etag != wire::etag(before.version) {
        return Err(Refusal::etag_mismatch());
    }
    if after == before.settings {
        return Ok(());
    }
    let (version, now) = (before.version, state.clock.now());
    let stored = state.db.tx(scope, move |tx| {
        Box::pin(async move {
            let account = scope.account();
            for id in &after.sms_providers {
                let known = providers::find(tx, account, *id).await?;
                known.ok_or_else(|| Refusal::sms_provider_not_found(id))?;
            }
            let stored = cabinets::update(tx, account, version, &after, now).await?;
            Ok::<_, Refusal>(stored)
        })
    });
    match (stored.await?, etag.is_empty()) {
        (true, _) => Ok(()),
        (false, true) => Err(Refusal::conflict()),
        (false, false) => Err(Refusal::etag_mismatch()),
    }
}
