//! DiscardQuarantinedEvents.

use api::connector::v1::{DiscardQuarantinedEventsRequest, DiscardQuarantinedEventsResponse};
use auth::Caller;
use kit::Refusal;
use tonic::Request;

use super::{Quarantine, ids};
use crate::store::quarantine;

pub(super) async fn discard(
    service: &Quarantine,
    request: Request<DiscardQuarantinedEventsRequest>,
) -> Result<DiscardQuarantinedEventsResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let ids = ids(&request.get_ref().ids)?;
    let count = ids.len();
    let discarded = service.hub.db.tx(scope, move |tx| {
        Box::pin(async move { quarantine::delete(tx, scope, &ids).await })
    });
    discarded.await.map_err(Refusal::from)?;
    tracing::info!(account.id = %scope.account(), count, "events in quarantine were thrown away");
    Ok(DiscardQuarantinedEventsResponse {})
}
