//! Who the caller is.

use api::identity::v1::{GetCallerRequest, GetCallerResponse};
use auth::Principal;
use tonic::Request;

use crate::Error;
use crate::core::Core;
use crate::grpc::split;
use crate::store::users;

pub async fn handle(
    core: &Core,
    request: Request<GetCallerRequest>,
) -> Result<GetCallerResponse, Error> {
    let (caller, _) = split(request)?;
    let scope = caller.scope()?;
    let account_id = scope.account().to_string();
    match caller.principal() {
        Principal::Employee { user, .. } => {
            let id = *user;
            let user = core
                .db
                .tx(scope, move |tx| {
                    Box::pin(async move { users::get(tx, scope.account(), id).await })
                })
                .await?;
            let user = user.ok_or(Error::UserNotFound(id))?;
            Ok(GetCallerResponse {
                account_id,
                user: Some(user.into()),
                scopes: Vec::new(),
            })
        }
        Principal::Program { scopes, .. } => Ok(GetCallerResponse {
            account_id,
            user: None,
            scopes: scopes.to_vec(),
        }),
        Principal::Service { .. } => Ok(GetCallerResponse {
            account_id,
            user: None,
            scopes: Vec::new(),
        }),
    }
}
