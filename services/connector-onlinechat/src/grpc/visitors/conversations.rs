use api::onlinechat::v1::{ListVisitorConversationsRequest, ListVisitorConversationsResponse};
use kit::Refusal;
use tonic::Request;

use super::visitor::Visitor;
use super::wire;
use crate::limits::Action;
use crate::state::Parts;

pub(super) async fn list(
    state: &Parts,
    request: &Request<ListVisitorConversationsRequest>,
) -> Result<ListVisitorConversationsResponse, Refusal> {
    let visitor = Visitor::of(state, request, Action::Other).await?;
    let open = state.hub.conversations(visitor.chat).await?;
    let conversations = wire::conversations(visitor.online_chat.settings.mode, open);
    Ok(ListVisitorConversationsResponse { conversations })
}
