//! One department.

use api::identity::v1::{GetGroupRequest, GetGroupResponse};
use auth::Permission;
use kit::validate::Fields;
use tonic::Request;
use types::GroupId;

use crate::Error;
use crate::core::Core;
use crate::grpc::split;
use crate::store::groups;

pub async fn handle(
    core: &Core,
    request: Request<GetGroupRequest>,
) -> Result<GetGroupResponse, Error> {
    let (caller, request) = split(request)?;
    let scope = caller.scope()?;
    caller.require(Permission::DirectoryRead)?;
    let mut fields = Fields::new();
    let id = fields.id::<GroupId>("group_id", &request.group_id);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(GetGroupResponse::default());
    };
    let group = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { groups::get(tx, scope.account(), id).await })
        })
        .await?;
    let group = group.ok_or(Error::GroupNotFound(id))?;
    Ok(GetGroupResponse {
        group: Some(group.into()),
    })
}
