//! ListConnectors.

use api::conversations::v1::{Connector, ListConnectorsRequest, ListConnectorsResponse};
use auth::Caller;
use kit::Refusal;
use tonic::Request;

use super::Connections;
use crate::store::connections;

pub(super) async fn list(
    service: &Connections,
    request: &Request<ListConnectorsRequest>,
) -> Result<ListConnectorsResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let known = service.db.tx(scope, move |tx| {
        Box::pin(async move { connections::list_known(tx, scope).await })
    });
    let known = known
        .await
        .map_err(|error: pg::Error| Refusal::from(error))?;
    let connectors = known.into_iter().map(|it| Connector {
        key: it.key,
        title: it.title,
        settings_schema: it.settings_schema,
    });
    Ok(ListConnectorsResponse {
        connectors: connectors.collect(),
    })
}
