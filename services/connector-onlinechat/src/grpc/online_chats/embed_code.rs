use api::onlinechat::v1::{GetEmbedCodeRequest, GetEmbedCodeResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use tonic::Request;

use super::existing;
use super::get::required_id;
use crate::state::Parts;

/// The script by decision table 2.5 (ONL-15 … ONL-20).
pub(super) async fn embed_code(
    state: &Parts,
    request: &Request<GetEmbedCodeRequest>,
) -> Result<GetEmbedCodeResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::DirectoryRead)?;
    let scope = caller.scope()?;
    let id = required_id(&request.get_ref().online_chat_id)?;
    let chat = existing(&state.db, scope, id).await?;
    let script = chat
        .embed_code(&state.public_url)
        .ok_or_else(|| Refusal::embed_code_locked(id))?;
    Ok(GetEmbedCodeResponse {
        script,
        site_url: chat.settings.placement.site_url().to_owned(),
    })
}
