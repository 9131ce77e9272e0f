//! «Не требует ответа» (CNV-25).

use api::conversations::v1::{ChangeKind, MarkNoAnswerNeededRequest, MarkNoAnswerNeededResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use tonic::Request;
use types::ConversationId;

use super::Conversations;
use super::change::{self, Locked};
use super::get::conversation_id;
use super::status::Error;
use crate::changes::Change;
use crate::domain::card::Sight;
use crate::domain::conversation::Conversation;
use crate::grpc::{By, seeing};
use crate::wire;

pub async fn mark_no_answer_needed(
    service: &Conversations,
    request: &Request<MarkNoAnswerNeededRequest>,
) -> Result<MarkNoAnswerNeededResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxWrite)?;
    let id = conversation_id(&request.get_ref().conversation_id)?;
    let done = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { mark(tx, &by, id).await })
    });
    let (conversation, sight, change): (_, Sight, _) = done.await?;
    service
        .after
        .changed(change.map(|change: Change| change.touched()));
    Ok(MarkNoAnswerNeededResponse {
        conversation: Some(wire::conversation(&conversation, &sight)),
    })
}

async fn mark(
    tx: &mut pg::Tx,
    by: &By,
    id: ConversationId,
) -> Result<(Conversation, Sight, Option<Change>), Error> {
    let Locked {
        chat,
        mut conversation,
        sight,
    } = change::lock(tx, by, id).await?;
    if !conversation.is_open() {
        return Err(Error::Closed(conversation.id));
    }
    if !conversation.mark_no_answer_needed() {
        return Ok((conversation, sight, None));
    }
    let change = change::finish(tx, ChangeKind::AnswerChanged, &chat, &conversation, None).await?;
    Ok((conversation, sight, Some(change)))
}
