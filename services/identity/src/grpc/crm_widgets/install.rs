//! Installs the widget.

use api::identity::v1::{InstallCrmWidgetRequest, InstallCrmWidgetResponse};
use tonic::Request;

use super::{administrator, logged_in, shown};
use crate::Error;
use crate::changes::crm_widgets::install;
use crate::core::Core;
use crate::grpc::split;

pub async fn handle(
    core: &Core,
    request: Request<InstallCrmWidgetRequest>,
) -> Result<InstallCrmWidgetResponse, Error> {
    let (caller, InstallCrmWidgetRequest {}) = split(request)?;
    let (user, session) = administrator(&caller)?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let installed = core.db.tx(scope, move |tx| {
        Box::pin(async move {
            logged_in(tx, by.account, session).await?;
            install(tx, by, user).await
        })
    });
    let (widget, secret) = installed.await?;
    Ok(InstallCrmWidgetResponse {
        crm_widget: Some(shown(Some(widget))),
        secret: secret.into_text(),
    })
}
