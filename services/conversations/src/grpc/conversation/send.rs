//! An employee's answer.

use api::conversations::v1::{ChangeKind, SendMessageRequest, SendMessageResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use tonic::Request;
use types::ConversationId;

use super::Conversations;
use super::change::{self, Locked};
use super::content::content;
use super::get::conversation_id;
use super::status::Error;
use super::write::{self, Asked, Draft, Next};
use crate::changes::Change;
use crate::grpc::{By, seeing};
use crate::store::chats;
use crate::wire;

pub async fn send_message(
    service: &Conversations,
    request: &Request<SendMessageRequest>,
) -> Result<SendMessageResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxWrite)?;
    let request = request.get_ref();
    let id = conversation_id(&request.conversation_id)?;
    let rest = SendMessageRequest {
        request_id: String::new(),
        ..request.clone()
    };
    let draft = write::draft(
        service,
        &caller,
        "SendMessage",
        Asked {
            text: &request.text,
            attachment_ids: &request.attachment_ids,
            template: request.template.as_ref(),
            request_id: &request.request_id,
        },
        &rest,
    )
    .await?;
    let done = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { send(tx, &by, id, &draft).await })
    });
    let (reply, change): (_, Option<Change>) = done.await?;
    if let Some(change) = change {
        service.after.changed([change.touched()]);
        service.after.queued(&change.conversation.connector_key);
    }
    Ok(reply)
}

async fn send(
    tx: &mut pg::Tx,
    by: &By,
    id: ConversationId,
    draft: &Draft,
) -> Result<(SendMessageResponse, Option<Change>), Error> {
    if let Some(answer) = draft.once.answered(tx).await?? {
        return Ok((answer, None));
    }
    let Locked {
        chat,
        mut conversation,
        sight,
    } = change::lock(tx, by, id).await?;
    let content = content(tx, by.scope, &chat, Some(&conversation), draft).await?;
    let template = content.template.clone();
    let files = write::files(tx, by.scope, &conversation.connector_key, draft).await?;
    let seq = chats::next_seq(tx, by.scope, chat.id).await?;
    let (message, last) = write::message(
        Next {
            draft,
            content,
            files,
            seq,
        },
        conversation.id,
    );
    conversation.add(last);
    write::store(tx, draft, &chat, &conversation, &message, template).await?;
    let reply = SendMessageResponse {
        message: Some(wire::message(&message)),
        conversation: Some(wire::conversation(&conversation, &sight)),
    };
    draft.once.keep(tx, &reply).await?;
    let change = change::finish(
        tx,
        ChangeKind::MessageAdded,
        &chat,
        &conversation,
        Some(message),
    )
    .await?;
    Ok((reply, Some(change)))
}
