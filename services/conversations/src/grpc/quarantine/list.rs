//! ListQuarantinedEvents.

use api::connector::v1::{
    ChannelEvent, ListQuarantinedEventsRequest, ListQuarantinedEventsResponse, QuarantinedEvent,
};
use api::error::v1::ErrorReason;
use auth::Caller;
use kit::Refusal;
use kit::page::{PageToken, page_size};
use kit::time::to_proto;
use prost::Message as _;
use tonic::Request;
use types::QuarantinedEventId;

use super::Quarantine;
use crate::domain::quarantine::{Cause, Quarantined};
use crate::grpc::hub::publish::explained;
use crate::store::quarantine;

pub(super) async fn list(
    service: &Quarantine,
    request: Request<ListQuarantinedEventsRequest>,
) -> Result<ListQuarantinedEventsResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let ListQuarantinedEventsRequest {
        page_size: size,
        page_token,
    } = request.into_inner();
    let size = page_size(size, 50, 200)?;
    let token = PageToken {
        method: "ListQuarantinedEvents",
        account: scope.account(),
    };
    let after: Option<QuarantinedEventId> = token.decode(&(), &page_token)?;
    // One more than asked for shows whether there is a next page.
    let page = service.hub.db.tx(scope, move |tx| {
        Box::pin(async move { quarantine::list(tx, scope, after, size + 1).await })
    });
    let mut page = page.await.map_err(Refusal::from)?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let has_more = page.len() > size;
    page.truncate(size);
    let last = page.last().filter(|_| has_more);
    Ok(ListQuarantinedEventsResponse {
        next_page_token: last
            .map(|last| token.encode(&(), &last.id))
            .unwrap_or_default(),
        events: page.into_iter().map(shown).collect(),
    })
}

fn shown(event: Quarantined) -> QuarantinedEvent {
    QuarantinedEvent {
        id: event.id.to_string(),
        connector_key: event.connector_key,
        // What was written by another version says as much as this one knows of it.
        event: ChannelEvent::decode(&event.event[..]).ok(),
        reason_text: text(&event.cause),
        reason: event.cause.reason,
        create_time: Some(to_proto(event.create_time)),
        refuse_time: Some(to_proto(event.refuse_time)),
        refusals: event.refusals,
    }
}

/// The cause in the caller's language.
fn text(cause: &Cause) -> String {
    let reason = ErrorReason::from_str_name(&format!("ERROR_REASON_{}", cause.reason));
    let language = kit::language::current();
    let text = reason.map_or("", |reason| kit::refusal::text(reason, language));
    explained(text, &cause.details)
}
