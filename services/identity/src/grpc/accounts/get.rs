//! The account.

use api::identity::v1::{GetAccountRequest, GetAccountResponse};
use auth::Permission;
use tonic::Request;

use crate::Error;
use crate::core::Core;
use crate::grpc::split;
use crate::store::accounts;

pub async fn handle(
    core: &Core,
    request: Request<GetAccountRequest>,
) -> Result<GetAccountResponse, Error> {
    let (caller, _) = split(request)?;
    let scope = caller.scope()?;
    caller.require(Permission::DirectoryRead)?;
    let account = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { accounts::get(tx, scope.account()).await })
        })
        .await?;
    let account = account.ok_or(Error::Defect("the account of a token is none"))?;
    Ok(GetAccountResponse {
        account: Some(account.into()),
    })
}
