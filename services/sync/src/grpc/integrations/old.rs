//! The old integration, which must not be on together with any of these (SYN-02, A-39).

use api::sync::v1::{
    GetOldIntegrationRequest, GetOldIntegrationResponse, SetOldIntegrationRequest,
    SetOldIntegrationResponse,
};
use tonic::Request;

use crate::Error;
use crate::core::Core;
use crate::grpc::enter;
use crate::store::integrations;

/// Is it on?
pub async fn get(
    core: &Core,
    request: Request<GetOldIntegrationRequest>,
) -> Result<GetOldIntegrationResponse, Error> {
    let (by, _) = enter(request)?;
    let account = by.account();
    let enabled = core.db.tx(by.scope, move |tx| {
        Box::pin(async move { Ok::<_, Error>(integrations::old(tx, account).await?) })
    });
    Ok(GetOldIntegrationResponse {
        enabled: enabled.await?,
    })
}

/// Says whether it is.
pub async fn set(
    core: &Core,
    request: Request<SetOldIntegrationRequest>,
) -> Result<SetOldIntegrationResponse, Error> {
    let (by, request) = enter(request)?;
    let (account, enabled) = (by.account(), request.enabled);
    let set = core.db.tx(by.scope, move |tx| {
        Box::pin(async move {
            integrations::lock_old(tx, account).await?;
            let all = integrations::all(tx, account).await?;
            if let Some(on) = all.iter().find(|it| enabled && it.settings.enabled) {
                return Err(Error::IntegrationEnabled(on.id));
            }
            Ok(integrations::set_old(tx, account, enabled).await?)
        })
    });
    set.await?;
    Ok(SetOldIntegrationResponse { enabled })
}
