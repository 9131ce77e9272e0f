//! The whole history of a conversation, step by step.

use api::conversations::v1::{ExportConversationRequest, ExportConversationResponse};
use auth::{Caller, Permission};
use futures::stream::{self, BoxStream, StreamExt};
use kit::Refusal;
use pg::Tx;
use tonic::{Request, Status};
use types::ConversationId;

use super::Conversations;
use super::get::{conversation_id, readable};
use super::status::Error;
use crate::grpc::{By, seeing};
use crate::store::messages;
use crate::wire;

/// Messages of a step.
const STEP: i64 = 200;

pub async fn export_conversation(
    service: &Conversations,
    request: &Request<ExportConversationRequest>,
) -> Result<BoxStream<'static, Result<ExportConversationResponse, Status>>, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let id = conversation_id(&request.get_ref().conversation_id)?;
    let mut export = Export {
        service: service.clone(),
        caller,
        id,
        after: 0,
        until: None,
    };
    // Whoever may not read it is refused before the stream begins.
    let first = export.step().await?;
    let rest = stream::try_unfold(export, |mut export| async move {
        if export.until.is_none_or(|until| export.after >= until) {
            return Ok(None);
        }
        let step = export.step().await?;
        Ok::<_, Status>(Some((step, export)))
    });
    Ok(stream::iter([Ok(first)]).chain(rest).boxed())
}

/// An export on its way.
struct Export {
    service: Conversations,
    caller: Caller,
    id: ConversationId,
    /// The place of the last message that was sent.
    after: i64,
    /// The place of the newest message when it began.
    until: Option<i64>,
}

impl Export {
    async fn step(&mut self) -> Result<ExportConversationResponse, Refusal> {
        self.caller.check_session()?;
        let (id, after, until) = (self.id, self.after, self.until);
        let read = seeing(
            &self.service.db,
            &self.service.rights,
            &self.caller,
            move |tx, by| Box::pin(async move { read(tx, &by, id, after, until).await }),
        );
        let Read {
            answer,
            next,
            until,
        } = read.await?;
        self.after = next;
        self.until = Some(until);
        Ok(answer)
    }
}

/// A step that was read.
struct Read {
    answer: ExportConversationResponse,
    /// The place of its last message; the end where there is none.
    next: i64,
    until: i64,
}

async fn read(
    tx: &mut Tx,
    by: &By,
    id: ConversationId,
    after: i64,
    until: Option<i64>,
) -> Result<Read, Error> {
    let (conversation, sight) = readable(tx, by, id).await?;
    let is_first = until.is_none();
    let until = until.unwrap_or(conversation.last.seq);
    let mut messages = messages::list_after(tx, by.scope, id, after, STEP).await?;
    messages.retain(|message| message.seq <= until);
    Ok(Read {
        next: messages.last().map_or(until, |last| last.seq),
        until,
        answer: ExportConversationResponse {
            conversation: is_first.then(|| wire::conversation(&conversation, &sight)),
            messages: messages.iter().map(wire::message).collect(),
        },
    })
}
