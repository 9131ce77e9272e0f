//! Deletes a department that has no members.

use api::identity::v1::{DeleteGroupRequest, DeleteGroupResponse};
use kit::validate::Fields;
use tonic::Request;
use types::GroupId;

use crate::Error;
use crate::changes::groups::delete;
use crate::core::Core;
use crate::grpc::split;

pub async fn handle(
    core: &Core,
    request: Request<DeleteGroupRequest>,
) -> Result<DeleteGroupResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_administrator()?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let mut fields = Fields::new();
    let id = fields.id::<GroupId>("group_id", &request.group_id);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(DeleteGroupResponse {});
    };
    core.db
        .tx(scope, move |tx| {
            Box::pin(async move { delete(tx, by, id).await })
        })
        .await?;
    core.waker.wake();
    Ok(DeleteGroupResponse {})
}
