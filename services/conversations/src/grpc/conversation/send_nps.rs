//! «Отправить NPS» (CNV-17, A-08).

use api::conversations::v1::{ChangeKind, NpsOutcome, SendNpsRequest, SendNpsResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use pg::Tx;
use pg::idempotency::Once;
use time::OffsetDateTime;
use tonic::Request;
use types::ConversationId;

use super::Conversations;
use super::change::{self, Locked};
use super::close::closed_by;
use super::content::{Content, writable};
use super::get::conversation_id;
use super::status::Error;
use super::write::{self, Draft, Next};
use crate::changes::Change;
use crate::domain::conversation::ClosedBy;
use crate::domain::message::{Author, AuthorKind, Message};
use crate::domain::nps::Obstacle;
use crate::grpc::{By, caller_id, seeing};
use crate::store::{chats, conversations, surveys};
use crate::wire;

/// What is asked for.
#[derive(Debug)]
struct Asked {
    id: ConversationId,
    etag: String,
    who: ClosedBy,
    /// The survey, as far as the account decides.
    survey: Result<Draft, Obstacle>,
    /// The moment of the survey and of the closing alike: that they are one tells whether a number is its answer.
    now: OffsetDateTime,
}

pub async fn send_nps(
    service: &Conversations,
    request: &Request<SendNpsRequest>,
) -> Result<SendNpsResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxWrite)?;
    let id = conversation_id(&request.get_ref().conversation_id)?;
    let now = service.clock.now();
    let asked = Asked {
        id,
        etag: request.get_ref().etag.clone(),
        who: closed_by(&caller),
        survey: survey(service, &caller, now).await?,
        now,
    };
    let done = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { close_with_survey(tx, &by, asked).await })
    });
    let (reply, changes): (_, Vec<Change>) = done.await?;
    if reply.survey.is_some()
        && let Some(change) = changes.first()
    {
        service.after.queued(&change.conversation.connector_key);
    }
    service.after.changed(changes.iter().map(Change::touched));
    Ok(reply)
}

/// The question as the account asks it. Ask before the transaction: it may call identity.
async fn survey(
    service: &Conversations,
    caller: &Caller,
    now: OffsetDateTime,
) -> Result<Result<Draft, Obstacle>, Refusal> {
    let state = service.accounts.state(caller.scope()?).await?;
    let question = state.nps.question(&state.language);
    Ok(question.map(|text| Draft {
        author: Author {
            kind: AuthorKind::System,
            name: String::new(),
            user: None,
        },
        text,
        template: None,
        attachments: Vec::new(),
        uploader: caller_id(caller),
        has_subscription: state.subscription_active,
        feed_bot_name: state.feed_bot_name,
        now,
        once: Once::default(),
    }))
}

async fn close_with_survey(
    tx: &mut Tx,
    by: &By,
    asked: Asked,
) -> Result<(SendNpsResponse, Vec<Change>), Error> {
    let mut locked = change::lock(tx, by, asked.id).await?;
    if !asked.etag.is_empty() && asked.etag != wire::etag(locked.conversation.version) {
        return Err(Error::Changed);
    }
    let sent = ask(tx, by, &mut locked, asked.survey).await?;
    let Locked {
        chat,
        mut conversation,
        sight,
    } = locked;
    let mut told = Vec::new();
    if let Ok(message) = &sent {
        let added = Some(message.clone());
        told.push(change::of(
            ChangeKind::MessageAdded,
            &chat,
            &conversation,
            added,
        ));
    }
    if conversation.close(asked.who, asked.now) {
        conversations::update(tx, &conversation).await?;
        told.push(change::of(ChangeKind::Closed, &chat, &conversation, None));
        change::append(tx, &told).await?;
    }
    let reply = SendNpsResponse {
        conversation: Some(wire::conversation(&conversation, &sight)),
        outcome: outcome(&sent).into(),
        survey: sent.ok().as_ref().map(wire::message),
    };
    Ok((reply, told))
}

/// Queues the survey for the client, where that is possible.
async fn ask(
    tx: &mut Tx,
    by: &By,
    locked: &mut Locked,
    survey: Result<Draft, Obstacle>,
) -> Result<Result<Message, Obstacle>, Error> {
    let Locked {
        chat, conversation, ..
    } = locked;
    if !conversation.is_open() {
        return Ok(Err(Obstacle::AlreadyClosed));
    }
    let draft = match survey {
        Ok(draft) => draft,
        Err(obstacle) => return Ok(Err(obstacle)),
    };
    let decided = writable(tx, by.scope, chat, Some(conversation), &draft).await?;
    if let Err(obstacle) = decided.free_text {
        return Ok(Err(obstacle.into()));
    }
    let next = Next {
        draft: &draft,
        content: Content::free(&draft.text),
        files: Vec::new(),
        seq: chats::next_seq(tx, by.scope, chat.id).await?,
    };
    let (message, last) = write::message(next, conversation.id);
    conversation.add(last);
    write::store(tx, &draft, chat, conversation, &message, None).await?;
    surveys::insert(tx, by.scope, conversation.id, message.seq, draft.now).await?;
    Ok(Ok(message))
}

fn outcome(sent: &Result<Message, Obstacle>) -> NpsOutcome {
    match sent {
        Ok(_) => NpsOutcome::Sent,
        Err(Obstacle::SwitchedOff) => NpsOutcome::SwitchedOff,
        Err(Obstacle::NotInPlan) => NpsOutcome::NotInPlan,
        Err(Obstacle::DialogueOver) => NpsOutcome::DialogueOver,
        Err(Obstacle::CannotWrite) => NpsOutcome::CannotWrite,
        Err(Obstacle::AlreadyClosed) => NpsOutcome::AlreadyClosed,
    }
}
