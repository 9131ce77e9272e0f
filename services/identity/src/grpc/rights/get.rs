//! What is set for a role, group or user.

use api::identity::v1::{GetRightsRequest, GetRightsResponse};
use auth::Permission;
use kit::validate::Fields;
use tonic::Request;

use crate::Error;
use crate::changes::rights::check_subject;
use crate::core::Core;
use crate::domain::etag;
use crate::grpc::split;
use crate::store::rights;

pub async fn handle(
    core: &Core,
    request: Request<GetRightsRequest>,
) -> Result<GetRightsResponse, Error> {
    let (caller, request) = split(request)?;
    let scope = caller.scope()?;
    caller.require(Permission::SettingsRead)?;
    let mut fields = Fields::new();
    let subject = auth::rights::subject(&mut fields, "subject", request.subject.as_ref());
    fields.finish()?;
    let subject = subject.ok_or(Error::Defect("an unchecked subject"))?;
    let account = scope.account();
    let stored = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move {
                check_subject(tx, account, subject).await?;
                Ok::<_, Error>(rights::get(tx, account, subject).await?)
            })
        })
        .await?;
    let rights = auth::rights::rights(subject, &stored.rules, etag(stored.version));
    Ok(GetRightsResponse {
        rights: Some(rights),
    })
}
