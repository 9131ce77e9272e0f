//! DisconnectPortal.

use api::sync::v1::{DisconnectPortalRequest, DisconnectPortalResponse};
use tonic::Request;

use super::{existing, portal_id};
use crate::Error;
use crate::core::Core;
use crate::grpc::{enter, wire};
use crate::store::integrations;
use crate::store::portals::{self, Until};

pub async fn disconnect(
    core: &Core,
    request: Request<DisconnectPortalRequest>,
) -> Result<DisconnectPortalResponse, Error> {
    let (by, request) = enter(request)?;
    let (id, account) = (portal_id(&request.portal_id)?, by.account());
    let (author, now) = (by.author(), core.clock.now());
    core.db
        .tx(by.scope, move |tx| {
            Box::pin(async move {
                // Nobody switches an integration on meanwhile: whoever does relies on the portal.
                let found = portals::get(tx, account, id, Until::Locked).await?;
                found.ok_or(Error::PortalNotFound(id))?;
                let all = integrations::all(tx, account).await?;
                let user = all
                    .iter()
                    .find(|it| it.portal == Some(id) && it.settings.enabled);
                if let Some(user) = user {
                    return Err(Error::PortalInUse(user.id));
                }
                Ok(portals::disconnect(tx, account, id, &author, now).await?)
            })
        })
        .await?;
    let portal = existing(core, &by, id).await?;
    Ok(DisconnectPortalResponse {
        portal: Some(wire::portal(&portal)),
    })
}
