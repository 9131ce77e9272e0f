//! ListFilters.

use api::conversations::v1::{ListFiltersRequest, ListFiltersResponse, SavedFilter};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use pg::Tx;
use tonic::Request;
use types::FilterId;
use uuid::Uuid;

use super::{Filters, shown};
use crate::grpc::conversation::Error;
use crate::grpc::{By, caller_id, seeing};
use crate::store::filters;

pub(super) async fn list(
    service: &Filters,
    request: Request<ListFiltersRequest>,
) -> Result<ListFiltersResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require(Permission::InboxRead)?;
    let size = page_size(request.get_ref().page_size, 100, 100)?;
    let token = PageToken {
        method: "ListFilters",
        account: caller.scope()?.account(),
    };
    let owner = caller_id(&caller);
    let after: Option<FilterId> = token.decode(&owner, &request.get_ref().page_token)?;
    let listed = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { page(tx, &by, owner, after, size).await })
    });
    let (filters, next): (_, Option<FilterId>) = listed.await?;
    Ok(ListFiltersResponse {
        filters,
        next_page_token: next.map_or_else(String::new, |next| token.encode(&owner, &next)),
    })
}

/// A page, and the filter after which the next one begins.
async fn page(
    tx: &mut Tx,
    by: &By,
    owner: Uuid,
    after: Option<FilterId>,
    size: i64,
) -> Result<(Vec<SavedFilter>, Option<FilterId>), Error> {
    let mut found = filters::list(tx, by.scope, owner, after, size + 1).await?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = found.len() > size;
    found.truncate(size);
    let next = found.last().filter(|_| more).map(|last| last.id.into());
    let mut shown_filters = Vec::with_capacity(found.len());
    for saved in &found {
        shown_filters.push(shown(tx, by, saved).await?);
    }
    Ok((shown_filters, next))
}
