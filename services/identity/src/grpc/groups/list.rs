//! The departments, oldest first.

use api::identity::v1::{ListGroupsRequest, ListGroupsResponse};
use auth::Permission;
use kit::page::{PageToken, page_size};
use tonic::Request;
use types::GroupId;

use crate::Error;
use crate::core::Core;
use crate::grpc::{PAGE, split, wire};
use crate::store::groups;

const METHOD: &str = "ListGroups";

pub async fn handle(
    core: &Core,
    request: Request<ListGroupsRequest>,
) -> Result<ListGroupsResponse, Error> {
    let (caller, request) = split(request)?;
    let scope = caller.scope()?;
    caller.require(Permission::DirectoryRead)?;
    let account = scope.account();
    let size = page_size(request.page_size, PAGE.0, PAGE.1)?;
    let after: Option<GroupId> = PageToken {
        method: METHOD,
        account,
    }
    .decode(&(), &request.page_token)?;
    let found = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { groups::list(tx, account, after, size + 1).await })
        })
        .await?;
    let page = wire::page(found, size, (METHOD, account), &(), |group| group.id);
    Ok(ListGroupsResponse {
        groups: page.items.into_iter().map(Into::into).collect(),
        next_page_token: page.next,
    })
}
