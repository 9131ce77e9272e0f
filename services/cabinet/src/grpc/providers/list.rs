use api::cabinet::v1::{
    ListSmsProvidersRequest, ListSmsProvidersResponse, ListSmsWidgetsRequest,
    ListSmsWidgetsResponse,
};
use auth::Caller;
use kit::Refusal;
use tonic::Request;

use super::wire;
use crate::state::Parts;
use crate::store::providers;

pub(super) fn widgets(
    state: &Parts,
    request: &Request<ListSmsWidgetsRequest>,
) -> Result<ListSmsWidgetsResponse, Refusal> {
    Caller::of(request)?.require_administrator()?;
    Ok(ListSmsWidgetsResponse {
        widgets: state.widgets.all().map(|it| wire::widget(&it)).collect(),
    })
}

pub(super) async fn providers(
    state: &Parts,
    request: &Request<ListSmsProvidersRequest>,
) -> Result<ListSmsProvidersResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let read = state.db.tx(scope, move |tx| {
        Box::pin(async move { providers::all(tx, scope.account()).await })
    });
    let stored = read.await?;
    let shown: Result<_, Refusal> = stored.iter().map(|it| wire::to_proto(state, it)).collect();
    Ok(ListSmsProvidersResponse {
        sms_providers: shown?,
    })
}
