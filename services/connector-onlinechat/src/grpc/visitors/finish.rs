//! FinishConversation: «Завершить беседу» (ONL-10, A-10).

use api::connector::v1::PublishOutcome;
use api::onlinechat::v1::{FinishConversationRequest, FinishConversationResponse};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;

use super::visitor::Visitor;
use crate::domain::online_chat::Mode;
use crate::hub::{events, refused_event};
use crate::limits::Action;
use crate::state::Parts;

pub(super) async fn finish(
    state: &Parts,
    request: &Request<FinishConversationRequest>,
) -> Result<FinishConversationResponse, Refusal> {
    let visitor = Visitor::of(state, request, Action::Other).await?;
    let open = state.hub.conversations(visitor.chat).await?;
    if visitor.online_chat.settings.mode == Mode::OneActive {
        let conversation = open.first().map(|open| open.id.as_str());
        return Err(Refusal::finish_not_allowed(
            conversation.unwrap_or_default(),
        ));
    }
    let mut fields = Fields::new();
    let thread = visitor.thread(&mut fields, &request.get_ref().thread_id, true);
    fields.finish()?;
    let Some(open) = open
        .into_iter()
        .find(|open| open.external_thread_id == thread)
    else {
        return Ok(FinishConversationResponse {});
    };
    let event = events::finished(visitor.chat, &thread, open.number, state.clock.now());
    let result = state.hub.publish(event).await?;
    match result.outcome() {
        PublishOutcome::Accepted | PublishOutcome::Duplicate => Ok(FinishConversationResponse {}),
        PublishOutcome::Refused | PublishOutcome::Unspecified => {
            Err(refused_event(&result.reason, visitor.online_chat.id, None))
        }
    }
}
