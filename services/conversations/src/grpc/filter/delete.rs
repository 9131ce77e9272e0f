//! DeleteFilter.

use api::conversations::v1::{DeleteFilterRequest, DeleteFilterResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use tonic::Request;

use super::{Filters, filter_id};
use crate::grpc::caller_id;
use crate::store::filters;

pub(super) async fn delete(
    service: &Filters,
    request: Request<DeleteFilterRequest>,
) -> Result<DeleteFilterResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require(Permission::InboxRead)?;
    let id = filter_id("filter_id", &request.get_ref().filter_id)?;
    let (scope, owner) = (caller.scope()?, caller_id(&caller));
    let deleted = service.db.tx(scope, move |tx| {
        Box::pin(async move { filters::delete(tx, scope, owner, id).await })
    });
    match deleted.await? {
        true => Ok(DeleteFilterResponse {}),
        false => Err(Refusal::filter_not_found(id)),
    }
}
