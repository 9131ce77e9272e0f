//! ListConnections.

use api::conversations::v1::{ListConnectionsRequest, ListConnectionsResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use tonic::Request;
use types::ConnectionId;

use super::{Connections, shown};
use crate::store::connections;

pub(super) async fn list(
    service: &Connections,
    request: Request<ListConnectionsRequest>,
) -> Result<ListConnectionsResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require(Permission::DirectoryRead)?;
    let scope = caller.scope()?;
    let ListConnectionsRequest {
        page_size: size,
        page_token,
    } = request.into_inner();
    let size = page_size(size, 50, 200)?;
    let token = PageToken {
        method: "ListConnections",
        account: scope.account(),
    };
    let after: Option<ConnectionId> = token.decode(&(), &page_token)?;
    // One more than asked for shows whether there is a next page.
    let page = service.db.tx(scope, move |tx| {
        Box::pin(async move { connections::list(tx, scope, after, size + 1).await })
    });
    let mut page = page.await.map_err(Refusal::from)?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let has_more = page.len() > size;
    page.truncate(size);
    let last = page.last().filter(|_| has_more);
    Ok(ListConnectionsResponse {
        next_page_token: last
            .map(|last| token.encode(&(), &last.id))
            .unwrap_or_default(),
        connections: page.iter().map(|it| shown(&caller, it)).collect(),
    })
}
