//! «Не требует ответа» (CNV-25).

use api::conversations::v1::{ChangeKind, MarkNoAnswerNeededRequest, MarkNoAnswerNeededResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use time::OffsetDateTime;
use tonic::Request;

use super::Conversations;
use super::change::{self, Target};
use super::get::conversation_id;
use super::status::Error;
use crate::changes::Change;
use crate::domain::conversation::Conversation;
use crate::grpc::viewer;
use crate::wire;

pub async fn mark_no_answer_needed(
    service: &Conversations,
    request: &Request<MarkNoAnswerNeededRequest>,
) -> Result<MarkNoAnswerNeededResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxWrite)?;
    let viewer = viewer(&caller);
    let target = Target {
        scope: caller.scope()?,
        viewer,
        id: conversation_id(&request.get_ref().conversation_id)?,
    };
    let now = service.clock.now();
    let (conversation, change) = service
        .db
        .tx(target.scope, move |tx| {
            Box::pin(async move { mark(tx, target, now).await })
        })
        .await?;
    service.after.changed(change.map(|change| change.touched()));
    Ok(MarkNoAnswerNeededResponse {
        conversation: Some(wire::conversation(&conversation, viewer.sees())),
    })
}

async fn mark(
    tx: &mut pg::Tx,
    target: Target,
    now: OffsetDateTime,
) -> Result<(Conversation, Option<Change>), Error> {
    let (chat, mut conversation) = change::lock(tx, target).await?;
    if !conversation.is_open() {
        return Err(Error::Closed(conversation.id));
    }
    if !conversation.mark_no_answer_needed(now) {
        return Ok((conversation, None));
    }
    let change = change::finish(tx, ChangeKind::AnswerChanged, &chat, &conversation, None).await?;
    Ok((conversation, Some(change)))
}
