//! One employee.

use api::identity::v1::{GetUserRequest, GetUserResponse};
use auth::Permission;
use kit::validate::Fields;
use tonic::Request;
use types::UserId;

use crate::Error;
use crate::core::Core;
use crate::grpc::split;
use crate::store::users;

pub async fn handle(
    core: &Core,
    request: Request<GetUserRequest>,
) -> Result<GetUserResponse, Error> {
    let (caller, request) = split(request)?;
    let scope = caller.scope()?;
    caller.require(Permission::DirectoryRead)?;
    let mut fields = Fields::new();
    let id = fields.id::<UserId>("user_id", &request.user_id);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(GetUserResponse::default());
    };
    let user = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { users::get(tx, scope.account(), id).await })
        })
        .await?;
    let user = user.ok_or(Error::UserNotFound(id))?;
    Ok(GetUserResponse {
        user: Some(user.into()),
    })
}
