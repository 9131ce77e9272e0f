use api::connector::v1::list_chat_messages_request::Position;
use api::onlinechat::v1::{ListVisitorMessagesRequest, ListVisitorMessagesResponse};
use kit::Refusal;
use kit::page::page_size;
use kit::validate::Fields;
use tonic::Request;

use super::visitor::Visitor;
use super::wire;
use crate::limits::Action;
use crate::state::Parts;

pub(super) async fn list(
    state: &Parts,
    request: &Request<ListVisitorMessagesRequest>,
) -> Result<ListVisitorMessagesResponse, Refusal> {
    let visitor = Visitor::of(state, request, Action::Other).await?;
    let message = request.get_ref();
    let mut fields = Fields::new();
    let thread = visitor.thread(&mut fields, &message.thread_id, false);
    if message.before_seq < 0 {
        fields.reject("before_seq", "must not be negative");
    }
    fields.finish()?;
    let size = page_size(message.page_size, 50, 200)?;
    let size = i32::try_from(size).unwrap_or(i32::MAX);
    let position = (message.before_seq > 0).then_some(Position::BeforeSeq(message.before_seq));
    let page = state
        .hub
        .messages(visitor.chat, &thread, size, position)
        .await?;
    let settings = &visitor.online_chat.settings;
    Ok(ListVisitorMessagesResponse {
        messages: page
            .messages
            .into_iter()
            .map(|message| wire::message(settings, message))
            .collect(),
        has_more: page.has_more,
    })
}
