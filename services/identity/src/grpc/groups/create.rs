//! Adds a department.

use api::identity::v1::{CreateGroupRequest, CreateGroupResponse};
use kit::validate::Fields;
use pg::idempotency::Once;
use tonic::Request;

use crate::Error;
use crate::changes::groups::create;
use crate::core::Core;
use crate::grpc::split;

pub async fn handle(
    core: &Core,
    request: Request<CreateGroupRequest>,
) -> Result<CreateGroupResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_administrator()?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let group = request.group.clone().unwrap_or_default();
    let mut fields = Fields::new();
    let name = fields.line("group.name", &group.name, 1..=200);
    let request_id = fields.optional_uuid("request_id", &request.request_id);
    fields.finish()?;
    let once = Once::new(&caller, "CreateGroup", request_id, core.hash(&request))?;
    let answer = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move {
                if let Some(answer) = once.answered(tx).await?? {
                    return Ok(answer);
                }
                let (group, event) = create(tx, by, name).await?;
                let answer = CreateGroupResponse {
                    group: Some(group.into()),
                };
                once.keep(tx, &answer).await?;
                events::append(tx, &[event]).await?;
                Ok::<_, Error>(answer)
            })
        })
        .await?;
    core.waker.wake();
    Ok(answer)
}
