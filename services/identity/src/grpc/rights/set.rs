//! Sets everything for a role, group or user.

use std::collections::BTreeSet;

use access::{Rules, Subject};
use api::identity::v1::{SetRightsRequest, SetRightsResponse};
use auth::AccountScope;
use kit::validate::Fields;
use tonic::Request;
use types::StageId;

use crate::Error;
use crate::changes::rights::{check_subject, set};
use crate::core::Core;
use crate::domain::etag;
use crate::grpc::split;
use crate::store::rights;

pub async fn handle(
    core: &Core,
    request: Request<SetRightsRequest>,
) -> Result<SetRightsResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_administrator()?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let wanted = request.rights.unwrap_or_default();
    let mut fields = Fields::new();
    let subject = auth::rights::subject(&mut fields, "rights.subject", wanted.subject.as_ref());
    let rules = auth::rights::rules(&mut fields, "rights", &wanted);
    fields.finish()?;
    let subject = subject.ok_or(Error::Defect("an unchecked subject"))?;
    let new = new_stages(core, scope, subject, &rules).await?;
    core.stages.check(scope.account(), &new).await?;
    let stored = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { set(tx, by, subject, rules, &wanted.etag).await })
        })
        .await?;
    core.waker.wake();
    let stored = auth::rights::rights(subject, &stored.rules, etag(stored.version));
    Ok(SetRightsResponse {
        rights: Some(stored),
    })
}

/// The stages that nothing named for the subject until now. One that was named may have been deleted since: what is read can be set again.
async fn new_stages(
    core: &Core,
    scope: AccountScope,
    subject: Subject,
    rules: &Rules,
) -> Result<Vec<StageId>, Error> {
    let before = core.db.tx(scope, move |tx| {
        Box::pin(async move {
            check_subject(tx, scope.account(), subject).await?;
            Ok::<_, Error>(rights::get(tx, scope.account(), subject).await?)
        })
    });
    let before = before.await?.rules;
    let known: BTreeSet<StageId> = before.stages.keys().map(|(stage, _)| *stage).collect();
    let named: BTreeSet<StageId> = rules.stages.keys().map(|(stage, _)| *stage).collect();
    Ok(named.difference(&known).copied().collect())
}
