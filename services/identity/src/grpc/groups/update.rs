//! Renames a department.

use api::identity::v1::{UpdateGroupRequest, UpdateGroupResponse};
use kit::validate::Fields;
use tonic::Request;
use types::GroupId;

use crate::Error;
use crate::changes::groups::rename;
use crate::core::Core;
use crate::grpc::mask::Mask;
use crate::grpc::split;

pub async fn handle(
    core: &Core,
    request: Request<UpdateGroupRequest>,
) -> Result<UpdateGroupResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_administrator()?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let mask = Mask::new(request.update_mask, &["name"])?;
    let group = request.group.unwrap_or_default();
    let mut fields = Fields::new();
    let id = fields.id::<GroupId>("group.id", &group.id);
    let renamed = mask.has("name", !group.name.is_empty());
    let name = renamed.then(|| fields.line("group.name", &group.name, 1..=200));
    fields.finish()?;
    let Some(id) = id else {
        return Ok(UpdateGroupResponse::default());
    };
    let group = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { rename(tx, by, id, name, &group.etag).await })
        })
        .await?;
    core.waker.wake();
    Ok(UpdateGroupResponse {
        group: Some(group.into()),
    })
}
