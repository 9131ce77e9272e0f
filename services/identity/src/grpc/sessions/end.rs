//! Log-out, and ending somebody's session.

use api::identity::v1::{KillSessionRequest, KillSessionResponse, LogOutRequest, LogOutResponse};
use auth::{Permission, Principal};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use types::SessionId;

use crate::Error;
use crate::changes;
use crate::core::Core;
use crate::grpc::split;
use crate::store::sessions;

pub async fn log_out(
    core: &Core,
    request: Request<LogOutRequest>,
) -> Result<LogOutResponse, Error> {
    let (caller, _) = split(request)?;
    let Principal::Employee { session, .. } = *caller.principal() else {
        // A program has no session: its key is revoked instead.
        return Err(Refusal::permission_missing("session").into());
    };
    let (scope, now) = (caller.scope()?, core.now());
    core.db
        .tx(scope, move |tx| {
            Box::pin(async move { changes::sessions::end(tx, scope.account(), session, now).await })
        })
        .await?;
    Ok(LogOutResponse {})
}

pub async fn kill(
    core: &Core,
    request: Request<KillSessionRequest>,
) -> Result<KillSessionResponse, Error> {
    let (caller, request) = split(request)?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let mut fields = Fields::new();
    let id = fields.id::<SessionId>("session_id", &request.session_id);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(KillSessionResponse {});
    };
    core.db
        .tx(scope, move |tx| {
            Box::pin(async move {
                let session = sessions::get(tx, by.account, id)
                    .await?
                    .ok_or(Error::SessionNotFound(id))?;
                match caller.principal() {
                    Principal::Employee { user, .. } if *user == session.user => {
                        changes::sessions::end(tx, by.account, id, by.now).await?;
                        Ok(())
                    }
                    _ => {
                        caller.require(Permission::SettingsWrite)?;
                        changes::sessions::kill(tx, by, id).await
                    }
                }
            })
        })
        .await
        .map(|()| KillSessionResponse {})
}
