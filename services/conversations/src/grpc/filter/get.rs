//! GetFilter.

use api::conversations::v1::{GetFilterRequest, GetFilterResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use tonic::Request;

use super::{Filters, filter_id, shown};
use crate::grpc::conversation::Error;
use crate::grpc::{caller_id, seeing};
use crate::store::filters;

pub(super) async fn get(
    service: &Filters,
    request: Request<GetFilterRequest>,
) -> Result<GetFilterResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require(Permission::InboxRead)?;
    let id = filter_id("filter_id", &request.get_ref().filter_id)?;
    let owner = caller_id(&caller);
    seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move {
            let saved = filters::get(tx, by.scope, owner, id).await?;
            let saved = saved.ok_or_else(|| Refusal::filter_not_found(id))?;
            Ok::<_, Error>(GetFilterResponse {
                filter: Some(shown(tx, &by, &saved).await?),
            })
        })
    })
    .await
}
