//! Sets everything for a role, group or user.

use std::collections::BTreeSet;

use access::{Entity, Rules, Subject};
use api::identity::v1::{Rights, SetRightsRequest, SetRightsResponse};
use auth::AccountScope;
use kit::validate::Fields;
use tonic::Request;
use types::StageId;

use crate::Error;
use crate::catalogue::{Named, NamedField};
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
    let new = newly_named(core, scope, subject, &wanted, &rules).await?;
    core.catalogue.check(scope.account(), &new).await?;
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

/// The stages and fields that nothing named for the subject until now. One that was named may have been deleted since: what is read can
/// be set again.
async fn newly_named(
    core: &Core,
    scope: AccountScope,
    subject: Subject,
    wanted: &Rights,
    rules: &Rules,
) -> Result<Named, Error> {
    let before = core.db.tx(scope, move |tx| {
        Box::pin(async move {
            check_subject(tx, scope.account(), subject).await?;
            Ok::<_, Error>(rights::get(tx, scope.account(), subject).await?)
        })
    });
    let before = before.await?.rules;
    let known: BTreeSet<StageId> = before.stages.keys().map(|(stage, _)| *stage).collect();
    let named: BTreeSet<StageId> = rules.stages.keys().map(|(stage, _)| *stage).collect();
    let fields = wanted.fields.iter().enumerate();
    let fields = fields.filter_map(|(place, rule)| Some((place, auth::rights::field(rule)?)));
    let is_new =
        |key: &(Entity, String)| rules.fields.contains_key(key) && !before.fields.contains_key(key);
    let fields = fields.filter(|(_, field)| is_new(field));
    Ok(Named {
        stages: named.difference(&known).copied().collect(),
        fields: fields
            .map(|(place, (entity, key))| NamedField {
                place: format!("rights.fields[{place}].field"),
                entity,
                key,
            })
            .collect(),
    })
}
