//! «Закрыть» (CNV-18).

use api::conversations::v1::{ChangeKind, CloseConversationRequest, CloseConversationResponse};
use auth::{Caller, Permission, Principal};
use kit::Refusal;
use time::OffsetDateTime;
use tonic::Request;
use types::ConversationId;

use super::Conversations;
use super::change::{self, Locked};
use super::get::conversation_id;
use super::status::Error;
use crate::changes::Change;
use crate::domain::card::Sight;
use crate::domain::conversation::{ClosedBy, Conversation};
use crate::grpc::{By, seeing};
use crate::wire;

pub async fn close_conversation(
    service: &Conversations,
    request: &Request<CloseConversationRequest>,
) -> Result<CloseConversationResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxWrite)?;
    let id = conversation_id(&request.get_ref().conversation_id)?;
    let who = closed_by(&caller);
    let (etag, now) = (request.get_ref().etag.clone(), service.clock.now());
    let done = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { close(tx, &by, id, who, &etag, now).await })
    });
    let (conversation, sight, change): (_, Sight, _) = done.await?;
    service
        .after
        .changed(change.map(|change: Change| change.touched()));
    Ok(CloseConversationResponse {
        conversation: Some(wire::conversation(&conversation, &sight)),
    })
}

/// The caller as the one who closes.
pub fn closed_by(caller: &Caller) -> ClosedBy {
    match caller.principal() {
        Principal::Employee { user, .. } => ClosedBy::Employee(*user),
        Principal::Program { .. } | Principal::Service { .. } => ClosedBy::Program,
    }
}

async fn close(
    tx: &mut pg::Tx,
    by: &By,
    id: ConversationId,
    who: ClosedBy,
    etag: &str,
    now: OffsetDateTime,
) -> Result<(Conversation, Sight, Option<Change>), Error> {
    let Locked {
        chat,
        mut conversation,
        sight,
    } = change::lock(tx, by, id).await?;
    if !etag.is_empty() && etag != wire::etag(conversation.version) {
        return Err(Error::Changed);
    }
    if !conversation.close(who, now) {
        return Ok((conversation, sight, None));
    }
    let change = change::finish(tx, ChangeKind::Closed, &chat, &conversation, None).await?;
    Ok((conversation, sight, Some(change)))
}
