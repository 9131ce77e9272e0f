//! Reading portals.

use api::sync::v1::{GetPortalRequest, GetPortalResponse, ListPortalsRequest, ListPortalsResponse};
use kit::page::{PageToken, page_size};
use tonic::Request;
use types::PortalId;

use super::{existing, portal_id};
use crate::Error;
use crate::core::Core;
use crate::domain::portal::{Event, Portal};
use crate::grpc::{enter, wire};
use crate::store::portals;

/// One, with what happened to its connection.
pub async fn get(
    core: &Core,
    request: Request<GetPortalRequest>,
) -> Result<GetPortalResponse, Error> {
    let (by, request) = enter(request)?;
    let (id, account) = (portal_id(&request.portal_id)?, by.account());
    let portal = existing(core, &by, id).await?;
    let events = core.db.tx(by.scope, move |tx| {
        Box::pin(async move { Ok::<_, Error>(portals::events(tx, account, id).await?) })
    });
    let events: Vec<Event> = events.await?;
    Ok(GetPortalResponse {
        portal: Some(wire::portal(&portal)),
        events: events.iter().map(wire::portal_event).collect(),
    })
}

/// A page of them, the oldest first.
pub async fn list(
    core: &Core,
    request: Request<ListPortalsRequest>,
) -> Result<ListPortalsResponse, Error> {
    let (by, request) = enter(request)?;
    let size = usize::try_from(page_size(request.page_size, 50, 200)?).unwrap_or(usize::MAX);
    let account = by.account();
    let token = PageToken {
        method: "ListPortals",
        account,
    };
    let after: Option<PortalId> = token.decode(&(), &request.page_token)?;
    let all = core.db.tx(by.scope, move |tx| {
        Box::pin(async move { Ok::<_, Error>(portals::all(tx, account).await?) })
    });
    let all: Vec<Portal> = all.await?;
    let mut rest = all
        .iter()
        .filter(|it| after.is_none_or(|after| it.id > after));
    let page: Vec<&Portal> = rest.by_ref().take(size).collect();
    let last = page.last().filter(|_| rest.next().is_some());
    let next = last.map(|it| token.encode(&(), &it.id));
    Ok(ListPortalsResponse {
        portals: page.into_iter().map(wire::portal).collect(),
        next_page_token: next.unwrap_or_default(),
    })
}
