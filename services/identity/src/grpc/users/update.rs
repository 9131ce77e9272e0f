//! Changes an employee.

use api::identity::v1::{UpdateUserRequest, UpdateUserResponse};
use kit::validate::Fields;
use tonic::Request;
use types::UserId;

use crate::Error;
use crate::changes::users::update;
use crate::core::Core;
use crate::domain::user::UserChange;
use crate::grpc::mask::Mask;
use crate::grpc::{split, wire};

pub async fn handle(
    core: &Core,
    request: Request<UpdateUserRequest>,
) -> Result<UpdateUserResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_administrator()?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let etag = request
        .user
        .as_ref()
        .map(|user| user.etag.clone())
        .unwrap_or_default();
    let (id, change) = validated(request)?;
    let user = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { update(tx, by, id, change, &etag).await })
        })
        .await?;
    core.waker.wake();
    Ok(UpdateUserResponse {
        user: Some(user.into()),
    })
}

fn validated(request: UpdateUserRequest) -> Result<(UserId, UserChange), Error> {
    let mask = Mask::new(
        request.update_mask,
        &["name", "role", "group_id", "language", "active"],
    )?;
    let user = request.user.unwrap_or_default();
    let mut fields = Fields::new();
    let id = fields.id::<UserId>("user.id", &user.id);
    let mut change = UserChange::default();
    if mask.has("name", !user.name.is_empty()) {
        change.name = Some(fields.line("user.name", &user.name, 1..=200));
    }
    if mask.has("role", user.role != 0) {
        change.role = Some(wire::role(&mut fields, "user.role", user.role));
    }
    if mask.has("group_id", !user.group_id.is_empty()) {
        change.group = Some(fields.optional_id("user.group_id", &user.group_id));
    }
    if mask.has("language", !user.language.is_empty()) {
        change.language = Some(wire::language(&mut fields, "user.language", &user.language));
    }
    if mask.has("active", user.active) {
        change.active = Some(user.active);
    }
    fields.finish()?;
    Ok((id.ok_or(Error::Defect("an unchecked id"))?, change))
}
