//! GetCatalogue.

use api::sync::v1::{GetCatalogueRequest, GetCatalogueResponse};
use kit::validate::Fields;
use tonic::Request;

use super::read::existing;
use crate::Error;
use crate::core::Core;
use crate::grpc::portals::connected;
use crate::grpc::{enter, wire};

pub async fn get(
    core: &Core,
    request: Request<GetCatalogueRequest>,
) -> Result<GetCatalogueResponse, Error> {
    let (by, request) = enter(request)?;
    let mut fields = Fields::new();
    let id = fields.optional_id("integration_id", &request.integration_id);
    let portal = fields.optional_id("portal_id", &request.portal_id);
    fields.finish()?;
    let portal = match id {
        Some(id) => existing(core, &by, id).await?.portal,
        None => portal,
    };
    if let Some(portal) = portal {
        connected(core, &by, portal).await?;
    }
    let catalogue = core.fresh_catalogue(by.account(), portal).await?;
    Ok(wire::catalogue(&catalogue))
}
