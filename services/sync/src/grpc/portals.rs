//! Portals of amoCRM (SYN-01).

mod connect;
mod disconnect;
mod read;

use std::sync::Arc;

use api::sync::v1::portal_service_server::PortalService;
use api::sync::v1::{
    BeginPortalConnectionRequest, BeginPortalConnectionResponse, CompletePortalConnectionRequest,
    CompletePortalConnectionResponse, DisconnectPortalRequest, DisconnectPortalResponse,
    GetPortalRequest, GetPortalResponse, ListPortalsRequest, ListPortalsResponse,
};
use kit::validate::Fields;
use tonic::{Request, Response, Status};
use types::{AccountId, PortalId};

use super::{By, answer};
use crate::Error;
use crate::core::Core;
use crate::domain::portal::{Portal, State};
use crate::store::portals::{self, Until};

/// `PortalService`.
pub struct Portals(pub Arc<Core>);

#[tonic::async_trait]
impl PortalService for Portals {
    async fn begin_portal_connection(
        &self,
        request: Request<BeginPortalConnectionRequest>,
    ) -> Result<Response<BeginPortalConnectionResponse>, Status> {
        answer(connect::begin(&self.0, request).await)
    }

    async fn complete_portal_connection(
        &self,
        request: Request<CompletePortalConnectionRequest>,
    ) -> Result<Response<CompletePortalConnectionResponse>, Status> {
        answer(connect::complete(&self.0, request).await)
    }

    async fn get_portal(
        &self,
        request: Request<GetPortalRequest>,
    ) -> Result<Response<GetPortalResponse>, Status> {
        answer(read::get(&self.0, request).await)
    }

    async fn list_portals(
        &self,
        request: Request<ListPortalsRequest>,
    ) -> Result<Response<ListPortalsResponse>, Status> {
        answer(read::list(&self.0, request).await)
    }

    async fn disconnect_portal(
        &self,
        request: Request<DisconnectPortalRequest>,
    ) -> Result<Response<DisconnectPortalResponse>, Status> {
        answer(disconnect::disconnect(&self.0, request).await)
    }
}

/// The id that a request names.
fn portal_id(text: &str) -> Result<PortalId, Error> {
    let mut fields = Fields::new();
    let id = fields.id("portal_id", text);
    fields.finish()?;
    // Without an id the request was refused.
    Ok(id.unwrap_or_else(PortalId::generate))
}

/// A portal of the caller's account.
pub(super) async fn existing(core: &Core, by: &By, id: PortalId) -> Result<Portal, Error> {
    let account = by.account();
    let found = core.db.tx(by.scope, move |tx| {
        Box::pin(async move { Ok::<_, Error>(portals::get(tx, account, id, Until::Read).await?) })
    });
    found.await?.ok_or(Error::PortalNotFound(id))
}

/// A portal of the caller's account that is connected (SYN-01).
pub(super) async fn connected(core: &Core, by: &By, id: PortalId) -> Result<Portal, Error> {
    let portal = existing(core, by, id).await?;
    match portal.state {
        State::Connected => Ok(portal),
        State::Disconnected => Err(Error::PortalNotConnected(id)),
    }
}

/// The same, and it stays so until the transaction ends.
pub(super) async fn stays_connected(
    tx: &mut pg::Tx,
    account: AccountId,
    id: PortalId,
) -> Result<(), Error> {
    let found = portals::get(tx, account, id, Until::Shared).await?;
    match found.ok_or(Error::PortalNotFound(id))?.state {
        State::Connected => Ok(()),
        State::Disconnected => Err(Error::PortalNotConnected(id)),
    }
}
