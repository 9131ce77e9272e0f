use api::cabinet::v1::{SignOutRequest, SignOutResponse};
use kit::Refusal;
use pg::SystemScope;
use tonic::Request;

use super::bearer::bearer;
use crate::domain::session::SESSION;
use crate::state::Parts;
use crate::store::clients;

pub(super) async fn sign_out(
    state: &Parts,
    request: &Request<SignOutRequest>,
) -> Result<SignOutResponse, Refusal> {
    let token = bearer(request.metadata())?;
    let (account, digest) = SESSION.read(token).ok_or_else(Refusal::token_invalid)?;
    let ended = state
        .db
        .tx(SystemScope::for_job("end a client's session"), move |tx| {
            Box::pin(async move { clients::delete_session(tx, account, &digest).await })
        });
    ended.await?;
    Ok(SignOutResponse {})
}
