//! Is the widget installed?

use api::identity::v1::{GetCrmWidgetRequest, GetCrmWidgetResponse};
use tonic::Request;

use super::shown;
use crate::Error;
use crate::core::Core;
use crate::grpc::split;
use crate::store::crm_widgets;

pub async fn handle(
    core: &Core,
    request: Request<GetCrmWidgetRequest>,
) -> Result<GetCrmWidgetResponse, Error> {
    let (caller, GetCrmWidgetRequest {}) = split(request)?;
    let scope = caller.scope()?;
    let found = core.db.tx(scope, move |tx| {
        Box::pin(async move { Ok::<_, Error>(crm_widgets::get(tx, scope.account()).await?) })
    });
    Ok(GetCrmWidgetResponse {
        crm_widget: Some(shown(found.await?)),
    })
}
