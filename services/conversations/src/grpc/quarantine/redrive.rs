//! RedriveQuarantinedEvents: one after the other, in the order in which they came.

use std::collections::HashMap;
use std::sync::Arc;

use api::connector::v1::{
    ChannelEvent, PublishOutcome, PublishResult, RedriveQuarantinedEventsRequest,
    RedriveQuarantinedEventsResponse, RedriveResult,
};
use auth::{AccountScope, Caller};
use kit::Refusal;
use prost::Message as _;
use tonic::Request;
use types::QuarantinedEventId;

use super::{Quarantine, ids};
use crate::domain::quarantine::Quarantined;
use crate::grpc::hub::publish::take_again;
use crate::store::quarantine;

pub(super) async fn redrive(
    service: &Quarantine,
    request: Request<RedriveQuarantinedEventsRequest>,
) -> Result<RedriveQuarantinedEventsResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let asked = ids(&request.get_ref().ids)?;
    let wanted = asked.clone();
    let kept = service.hub.db.tx(scope, move |tx| {
        Box::pin(async move { quarantine::with_ids(tx, scope, &wanted).await })
    });
    let kept = kept.await.map_err(Refusal::from)?;
    let mut results = HashMap::with_capacity(kept.len());
    for event in kept {
        results.insert(event.id, one(service, scope, event).await?);
    }
    let results = asked.into_iter().map(|id| RedriveResult {
        id: id.to_string(),
        result: Some(match results.get(&id) {
            Some(result) => result.clone(),
            None => refused(&Refusal::quarantined_event_not_found(id)),
        }),
    });
    Ok(RedriveQuarantinedEventsResponse {
        results: results.collect(),
    })
}

/// Lets one event in, unless an earlier one of its chat is kept.
async fn one(
    service: &Quarantine,
    scope: AccountScope,
    event: Quarantined,
) -> Result<PublishResult, Refusal> {
    let hub = &service.hub;
    let id = event.id;
    let of = event.clone();
    let first = hub.db.tx(scope, move |tx| {
        Box::pin(async move { quarantine::first_of_chat(tx, scope, &of).await })
    });
    let first: Result<Option<QuarantinedEventId>, pg::Error> = first.await;
    match first? {
        Some(first) if first == id => {}
        Some(first) => return Ok(refused(&Refusal::earlier_event_quarantined(first))),
        // Somebody else has let it in, or thrown it away, meanwhile.
        None => return Ok(refused(&Refusal::quarantined_event_not_found(id))),
    }
    let connection = event.connection;
    let found = hub.directory.find(&[connection]).await?.remove(&connection);
    let found = found.filter(|connection| connection.account == scope.account());
    let Some(connection) = found else {
        return Ok(refused(&Refusal::connection_not_found(connection)));
    };
    let original = ChannelEvent::decode(&event.event[..]).map_err(Refusal::internal)?;
    let (mut result, cause) = take_again(hub, scope, Arc::clone(&connection), original).await?;
    if cause.is_some() {
        result.quarantined_event_id = id.to_string();
    }
    let now = hub.clock.now();
    // Whoever is killed before this commits finds the event stored, and a duplicate, the next time.
    let settled = hub.db.tx(scope, move |tx| {
        Box::pin(async move {
            match &cause {
                Some(cause) => quarantine::refuse(tx, scope, id, cause, now).await,
                None => quarantine::delete(tx, scope, &[id]).await,
            }
        })
    });
    settled.await.map_err(Refusal::from)?;
    Ok(result)
}

fn refused(refusal: &Refusal) -> PublishResult {
    PublishResult {
        outcome: PublishOutcome::Refused.into(),
        reason: refusal.reason_name().to_owned(),
        reason_text: refusal.text(kit::language::current()).to_owned(),
        ..PublishResult::default()
    }
}
