//! PageService: what the gateway has to know to serve the cabinet's page.

use api::cabinet::internal::v1::page_service_server::PageService;
use api::cabinet::internal::v1::{GetLogoRequest, GetLogoResponse};
use kit::Refusal;
use pg::SystemScope;
use tonic::{Request, Response, Status};

use super::sessions::required_id;
use crate::state::{Parts, State};
use crate::store::logos;

/// The service.
pub struct Page(pub State);

#[tonic::async_trait]
impl PageService for Page {
    async fn get_logo(
        &self,
        request: Request<GetLogoRequest>,
    ) -> Result<Response<GetLogoResponse>, Status> {
        Ok(Response::new(logo(&self.0, &request).await?))
    }
}

async fn logo(
    state: &Parts,
    request: &Request<GetLogoRequest>,
) -> Result<GetLogoResponse, Refusal> {
    auth::Caller::of(request)?.require_service()?;
    let id = required_id(&request.get_ref().cabinet_id)?;
    state.cabinets.get(id).await?;
    let png = state.db.tx(
        SystemScope::for_job("read a logo by its cabinet"),
        move |tx| Box::pin(async move { logos::by_key(tx, id).await }),
    );
    Ok(GetLogoResponse {
        png: png.await?.unwrap_or_default(),
    })
}
