//! Takes the widget away.

use api::identity::v1::{UninstallCrmWidgetRequest, UninstallCrmWidgetResponse};
use tonic::Request;

use super::{administrator, logged_in};
use crate::Error;
use crate::changes::crm_widgets::uninstall;
use crate::core::Core;
use crate::grpc::split;

pub async fn handle(
    core: &Core,
    request: Request<UninstallCrmWidgetRequest>,
) -> Result<UninstallCrmWidgetResponse, Error> {
    let (caller, UninstallCrmWidgetRequest {}) = split(request)?;
    let (_, session) = administrator(&caller)?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let taken = core.db.tx(scope, move |tx| {
        Box::pin(async move {
            logged_in(tx, by.account, session).await?;
            uninstall(tx, by).await
        })
    });
    taken.await?;
    Ok(UninstallCrmWidgetResponse {})
}
