//! The keys that are not revoked, oldest first.

use api::identity::v1::{ListApiKeysRequest, ListApiKeysResponse};
use auth::Permission;
use kit::page::{PageToken, page_size};
use tonic::Request;
use types::ApiKeyId;

use crate::Error;
use crate::core::Core;
use crate::grpc::{PAGE, split, wire};
use crate::store::api_keys;

const METHOD: &str = "ListApiKeys";

pub async fn handle(
    core: &Core,
    request: Request<ListApiKeysRequest>,
) -> Result<ListApiKeysResponse, Error> {
    let (caller, request) = split(request)?;
    let scope = caller.scope()?;
    caller.require(Permission::SettingsRead)?;
    let account = scope.account();
    let size = page_size(request.page_size, PAGE.0, PAGE.1)?;
    let after: Option<ApiKeyId> = PageToken {
        method: METHOD,
        account,
    }
    .decode(&(), &request.page_token)?;
    let found = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { api_keys::list(tx, account, after, size + 1).await })
        })
        .await?;
    let page = wire::page(found, size, (METHOD, account), &(), |key| key.id);
    Ok(ListApiKeysResponse {
        api_keys: page.items.into_iter().map(Into::into).collect(),
        next_page_token: page.next,
    })
}
