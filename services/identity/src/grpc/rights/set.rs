//! Sets everything for a role, group or user.

use api::identity::v1::{SetRightsRequest, SetRightsResponse};
use kit::validate::Fields;
use tonic::Request;

use crate::Error;
use crate::changes::rights::set;
use crate::core::Core;
use crate::domain::etag;
use crate::grpc::split;

pub async fn handle(
    core: &Core,
    request: Request<SetRightsRequest>,
) -> Result<SetRightsResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_administrator()?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let rights = request.rights.unwrap_or_default();
    let mut fields = Fields::new();
    let subject = auth::rights::subject(&mut fields, "rights.subject", rights.subject.as_ref());
    let rules = auth::rights::rules(&mut fields, "rights", &rights);
    fields.finish()?;
    let subject = subject.ok_or(Error::Defect("an unchecked subject"))?;
    let stored = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { set(tx, by, subject, rules, &rights.etag).await })
        })
        .await?;
    core.waker.wake();
    let rights = auth::rights::rights(subject, &stored.rules, etag(stored.version));
    Ok(SetRightsResponse {
        rights: Some(rights),
    })
}
