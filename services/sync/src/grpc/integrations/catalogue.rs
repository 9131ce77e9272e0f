//! GetCatalogue.

use api::sync::v1::{GetCatalogueRequest, GetCatalogueResponse};
use kit::validate::Fields;
use tonic::Request;

use super::read::existing;
use crate::Error;
use crate::core::Core;
use crate::grpc::{enter, wire};

pub async fn get(
    core: &Core,
    request: Request<GetCatalogueRequest>,
) -> Result<GetCatalogueResponse, Error> {
    let (by, request) = enter(request)?;
    let mut fields = Fields::new();
    let id = fields.optional_id("integration_id", &request.integration_id);
    fields.finish()?;
    if let Some(id) = id {
        existing(core, &by, id).await?;
    }
    let catalogue = core.fresh_catalogue(by.account()).await?;
    Ok(wire::catalogue(&catalogue))
}
