//! The employees, oldest first.

use api::identity::v1::{ListUsersRequest, ListUsersResponse};
use auth::Permission;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use tonic::Request;
use types::{GroupId, UserId};

use crate::Error;
use crate::core::Core;
use crate::grpc::{PAGE, split, wire};
use crate::store::users;

const METHOD: &str = "ListUsers";

pub async fn handle(
    core: &Core,
    request: Request<ListUsersRequest>,
) -> Result<ListUsersResponse, Error> {
    let (caller, request) = split(request)?;
    let scope = caller.scope()?;
    caller.require(Permission::DirectoryRead)?;
    let account = scope.account();
    let mut fields = Fields::new();
    let group = fields.optional_id::<GroupId>("group_id", &request.group_id);
    fields.finish()?;
    let size = page_size(request.page_size, PAGE.0, PAGE.1)?;
    let after: Option<UserId> = PageToken {
        method: METHOD,
        account,
    }
    .decode(&group, &request.page_token)?;
    let found = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { users::list(tx, account, group, after, size + 1).await })
        })
        .await?;
    let page = wire::page(found, size, (METHOD, account), &group, |user| user.id);
    Ok(ListUsersResponse {
        users: page.items.into_iter().map(Into::into).collect(),
        next_page_token: page.next,
    })
}
