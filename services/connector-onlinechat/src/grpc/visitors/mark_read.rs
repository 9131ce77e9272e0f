use api::connector::v1::PublishOutcome;
use api::onlinechat::v1::{MarkReadRequest, MarkReadResponse};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;

use super::visitor::Visitor;
use crate::hub::events;
use crate::limits::Action;
use crate::state::Parts;

/// The hub moves the unread count and, for the employee, the messages' status.
pub(super) async fn mark_read(
    state: &Parts,
    request: &Request<MarkReadRequest>,
) -> Result<MarkReadResponse, Refusal> {
    let visitor = Visitor::of(state, request, Action::Other).await?;
    let message = request.get_ref();
    let mut fields = Fields::new();
    let thread = visitor.thread(&mut fields, &message.thread_id, false);
    if message.seq < 1 {
        fields.reject("seq", "must be the place of a message, 1 or more");
    }
    fields.finish()?;
    let event = events::read(visitor.chat, &thread, message.seq, state.clock.now());
    let result = state.hub.publish(event).await?;
    if result.outcome() == PublishOutcome::Refused {
        // There is nothing to see, or the chat is off: no reason to trouble the visitor.
        tracing::debug!(reason = result.reason, visitor.id = %visitor.chat.visitor, "a read mark was refused");
    }
    Ok(MarkReadResponse {})
}
