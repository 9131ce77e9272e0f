//! What a user may, and where each right comes from.

use access::RuleSet;
use api::identity::v1::{GetEffectiveRightsRequest, GetEffectiveRightsResponse};
use auth::{Caller, Permission, Principal, Role};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use types::UserId;

use crate::Error;
use crate::core::Core;
use crate::grpc::split;
use crate::store::rights;

pub async fn handle(
    core: &Core,
    request: Request<GetEffectiveRightsRequest>,
) -> Result<GetEffectiveRightsResponse, Error> {
    let (caller, request) = split(request)?;
    let scope = caller.scope()?;
    let user = whose(&caller, &request.user_id)?;
    let state = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { rights::account(tx, scope.account()).await })
        })
        .await?;
    let member = state.members.get(&user).ok_or(Error::UserNotFound(user))?;
    // Whoever is switched off has the rights of somebody for whom nothing is set.
    let nothing = || RuleSet::default().compile(user, member.group, Role::Manager);
    let rights = state.rights_of(user).unwrap_or_else(nothing);
    Ok(GetEffectiveRightsResponse {
        rights: Some(auth::rights::effective(user, &rights)),
    })
}

/// Whose rights are asked for: one's own need no permission.
fn whose(caller: &Caller, user_id: &str) -> Result<UserId, Refusal> {
    let mut fields = Fields::new();
    let asked = fields.optional_id::<UserId>("user_id", user_id);
    fields.finish()?;
    let own = match caller.principal() {
        Principal::Employee { user, .. } => Some(*user),
        Principal::Program { .. } | Principal::Service { .. } => None,
    };
    let user = asked.or(own).ok_or_else(|| {
        Refusal::field("user_id", "is required: a program is nobody in the matrix")
    })?;
    if own != Some(user) {
        caller.require(Permission::SettingsRead)?;
    }
    Ok(user)
}
