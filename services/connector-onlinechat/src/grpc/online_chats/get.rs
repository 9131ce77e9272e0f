use api::onlinechat::v1::{GetOnlineChatRequest, GetOnlineChatResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use tonic::Request;
use types::OnlineChatId;

use super::{existing, wire};
use crate::state::Parts;

pub(super) async fn get(
    state: &Parts,
    request: &Request<GetOnlineChatRequest>,
) -> Result<GetOnlineChatResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::DirectoryRead)?;
    let scope = caller.scope()?;
    let id = required_id(&request.get_ref().online_chat_id)?;
    let chat = existing(&state.db, scope, id).await?;
    Ok(GetOnlineChatResponse {
        online_chat: Some(wire::to_proto(&state.public_url, &chat)),
    })
}

/// The id of a request that has nothing else.
pub(crate) fn required_id(text: &str) -> Result<OnlineChatId, Refusal> {
    text.parse()
        .map_err(|error| Refusal::field("online_chat_id", format!("is {error}")))
}
