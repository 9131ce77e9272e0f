//! SendVisitorMessage. Calls of many visitors go to the hub as they come: the hub joins them into one transaction.

use api::connector::v1::list_chat_messages_request::Position;
use api::connector::v1::{PublishOutcome, PublishResult};
use api::onlinechat::v1::{
    SendVisitorMessageRequest, SendVisitorMessageResponse, VisitorConversation, VisitorMessage,
};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use types::AttachmentId;
use types::file::MOST;

use super::visitor::Visitor;
use super::wire;
use crate::domain::online_chat::MAX_TEXT;
use crate::hub::events::{self, Draft};
use crate::hub::refused_event;
use crate::state::Parts;

/// Length of the preview of a conversation, in characters.
const PREVIEW: usize = 200;

pub(super) async fn send(
    state: &Parts,
    request: &Request<SendVisitorMessageRequest>,
) -> Result<SendVisitorMessageResponse, Refusal> {
    let visitor = Visitor::who_writes(state, request).await?;
    visitor.require_enabled()?;
    let draft = draft(&visitor, request.get_ref())?;
    let event = events::message(visitor.chat, &visitor.session, &draft, state.clock.now());
    let result = state.hub.publish(event).await?;
    let message = match result.outcome() {
        PublishOutcome::Accepted if draft.files.is_empty() => accepted(&result, draft),
        // What its files are the hub alone knows.
        PublishOutcome::Accepted | PublishOutcome::Duplicate => {
            stored(state, &visitor, &result).await?
        }
        PublishOutcome::Refused | PublishOutcome::Unspecified => {
            let file = draft.files.first().copied();
            return Err(refused_event(&result.reason, visitor.online_chat.id, file));
        }
    };
    let conversation = conversation(&visitor, &result, &message);
    Ok(SendVisitorMessageResponse {
        message: Some(message),
        conversation: Some(conversation),
    })
}

fn draft(visitor: &Visitor, message: &SendVisitorMessageRequest) -> Result<Draft, Refusal> {
    let mut fields = Fields::new();
    let id = fields.uuid("client_message_id", &message.client_message_id);
    let least = usize::from(message.attachment_ids.is_empty());
    let text = fields.text(
        "text",
        &message.text,
        least..=MAX_TEXT.unsigned_abs() as usize,
    );
    let files = files(&mut fields, &message.attachment_ids);
    let thread = visitor.thread(&mut fields, &message.thread_id, true);
    fields.finish()?;
    Ok(Draft {
        id: id.unwrap_or_default(),
        text,
        thread,
        files,
    })
}

fn files(fields: &mut Fields, ids: &[String]) -> Vec<AttachmentId> {
    if ids.len() > MOST {
        fields.reject("attachment_ids", format!("must be at most {MOST}"));
        return Vec::new();
    }
    let ids = ids.iter();
    ids.filter_map(|id| fields.id("attachment_ids", id))
        .collect()
}

fn accepted(result: &PublishResult, draft: Draft) -> VisitorMessage {
    VisitorMessage {
        id: result.message_id.clone(),
        seq: result.seq,
        mine: true,
        client_message_id: draft.id.to_string(),
        author_name: String::new(),
        text: draft.text,
        create_time: result.create_time,
        thread_id: draft.thread,
        attachments: Vec::new(),
    }
}

/// The message as it was stored the first time, whatever came with the repetition.
async fn stored(
    state: &Parts,
    visitor: &Visitor,
    result: &PublishResult,
) -> Result<VisitorMessage, Refusal> {
    let place = Position::BeforeSeq(result.seq.saturating_add(1));
    let page = state.hub.messages(visitor.chat, "", 1, Some(place)).await?;
    let stored = page
        .messages
        .into_iter()
        .find(|message| message.id == result.message_id);
    let stored = stored
        .ok_or_else(|| Refusal::internal(anyhow::anyhow!("the hub has lost a message it knew")))?;
    Ok(wire::message(&visitor.online_chat.settings, stored))
}

/// The conversation right after this message. The visitor writes in it, so nothing there counts as unread; a stream tells
/// how it really is a moment later.
fn conversation(
    visitor: &Visitor,
    result: &PublishResult,
    message: &VisitorMessage,
) -> VisitorConversation {
    VisitorConversation {
        thread_id: message.thread_id.clone(),
        number: result.conversation_number,
        last_seq: message.seq,
        last_text: message.text.chars().take(PREVIEW).collect(),
        update_time: message.create_time,
        unread_count: 0,
        can_finish: wire::can_finish(visitor.online_chat.settings.mode, &message.thread_id),
        open: true,
    }
}
