//! «Закрыть» (CNV-18).

use api::conversations::v1::{ChangeKind, CloseConversationRequest, CloseConversationResponse};
use auth::{Caller, Permission, Principal};
use kit::Refusal;
use time::OffsetDateTime;
use tonic::Request;

use super::Conversations;
use super::change::{self, Target};
use super::get::conversation_id;
use super::status::Error;
use crate::changes::Change;
use crate::domain::conversation::{ClosedBy, Conversation};
use crate::grpc::viewer;
use crate::wire;

pub async fn close_conversation(
    service: &Conversations,
    request: &Request<CloseConversationRequest>,
) -> Result<CloseConversationResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxWrite)?;
    let viewer = viewer(&caller);
    let target = Target {
        scope: caller.scope()?,
        viewer,
        id: conversation_id(&request.get_ref().conversation_id)?,
    };
    let by = match caller.principal() {
        Principal::Employee { user, .. } => ClosedBy::Employee(*user),
        Principal::Program { .. } | Principal::Service { .. } => ClosedBy::Program,
    };
    let (etag, now) = (request.get_ref().etag.clone(), service.clock.now());
    let (conversation, change) = service
        .db
        .tx(target.scope, move |tx| {
            Box::pin(async move { close(tx, target, by, &etag, now).await })
        })
        .await?;
    service.after.changed(change.map(|change| change.touched()));
    Ok(CloseConversationResponse {
        conversation: Some(wire::conversation(&conversation, viewer.sees())),
    })
}

async fn close(
    tx: &mut pg::Tx,
    target: Target,
    by: ClosedBy,
    etag: &str,
    now: OffsetDateTime,
) -> Result<(Conversation, Option<Change>), Error> {
    let (chat, mut conversation) = change::lock(tx, target).await?;
    if !etag.is_empty() && etag != wire::etag(conversation.version) {
        return Err(Error::Changed);
    }
    if !conversation.close(by, now) {
        return Ok((conversation, None));
    }
    let change = change::finish(tx, ChangeKind::Closed, &chat, &conversation, None).await?;
    Ok((conversation, Some(change)))
}
