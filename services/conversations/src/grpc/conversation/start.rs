//! Writing first to the client of a chat.

use access::Visibility;
use api::conversations::v1::{ChangeKind, StartConversationRequest, StartConversationResponse};
use auth::{AccountScope, Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::{ChatId, ConversationId};

use super::content::content;
use super::status::Error;
use super::write::{self, Asked, Draft, Next};
use super::{Conversations, change};
use crate::changes::Change;
use crate::domain::connection::{Connection, Mode};
use crate::domain::conversation::{self, Answer, Conversation, Life};
use crate::domain::message::Message;
use crate::domain::routing::{Current, Route, route};
use crate::grpc::{By, seeing};
use crate::store::chats::{self, LockedChat};
use crate::store::conversations::{self, Wanted};
use crate::store::{accounts, cards, connections};
use crate::wire;

pub async fn start_conversation(
    service: &Conversations,
    request: &Request<StartConversationRequest>,
) -> Result<StartConversationResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxWrite)?;
    let request = request.get_ref();
    let mut fields = Fields::new();
    let chat: Option<ChatId> = fields.id("chat_id", &request.chat_id);
    fields.finish()?;
    let chat = chat.ok_or_else(|| Refusal::chat_not_found(&request.chat_id))?;
    let rest = StartConversationRequest {
        request_id: String::new(),
        ..request.clone()
    };
    let draft = write::draft(
        service,
        &caller,
        "StartConversation",
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
        Box::pin(async move { start(tx, &by, chat, &draft).await })
    });
    let (reply, change): (_, Option<Change>) = done.await?;
    if let Some(change) = change {
        service.after.changed([change.touched()]);
        service.after.queued(&change.conversation.connector_key);
    }
    Ok(reply)
}

async fn start(
    tx: &mut Tx,
    by: &By,
    id: ChatId,
    draft: &Draft,
) -> Result<(StartConversationResponse, Option<Change>), Error> {
    if let Some(answer) = draft.once.answered(tx).await?? {
        return Ok((answer, None));
    }
    let scope = by.scope;
    let chat = chats::lock(tx, scope, id)
        .await?
        .ok_or(Error::ChatNotFound(id))?;
    // A conversation that is not there yet has no deal: what is seen of it hangs on the contact alone.
    let cards = cards::of_chat(tx, scope.account(), id).await?;
    let sight = by.viewer.sight(&cards);
    if sight.visibility == Visibility::Hidden {
        return Err(Error::ChatNotFound(id));
    }
    if !sight.visibility.shows_messages() {
        return Err(Error::ChatUnreadable);
    }
    let connection = connections::get(tx, scope, chat.connection)
        .await?
        .ok_or(Error::ChatNotFound(id))?;
    let found = newest(tx, scope, &chat, &connection).await?;
    if let Some(open) = found.as_ref().filter(|conversation| conversation.is_open()) {
        return Err(Error::AlreadyOpen(open.id));
    }
    let content = content(tx, scope, &chat, None, draft).await?;
    let template = content.template.clone();
    let next = Next {
        draft,
        content,
        files: write::files(tx, scope, &connection.connector_key, draft).await?,
        seq: chats::next_seq(tx, scope, chat.id).await?,
    };
    let current = if found.is_some() {
        Current::Closed
    } else {
        Current::None
    };
    let (conversation, message, kind) = match (route(connection.mode, current), found) {
        (Route::Reopen, Some(closed)) => reopen(tx, closed, next).await?,
        _ => create(tx, scope, &connection, &chat, next).await?,
    };
    write::store(tx, draft, &chat, &conversation, &message, template).await?;
    let reply = StartConversationResponse {
        message: Some(wire::message(&message)),
        conversation: Some(wire::conversation(&conversation, &sight)),
    };
    draft.once.keep(tx, &reply).await?;
    let change = change::tell(tx, kind, &chat, &conversation, Some(message)).await?;
    Ok((reply, Some(change)))
}

/// The conversation of the chat that decides: an open one, else the newest.
async fn newest(
    tx: &mut Tx,
    scope: AccountScope,
    chat: &LockedChat,
    connection: &Connection,
) -> Result<Option<Conversation>, Error> {
    // An employee who writes first begins without a thread; several open threads do not stand in the way of another.
    let wanted = Wanted {
        account: scope.account(),
        chat: chat.id,
        mode: connection.mode,
        thread: "",
    };
    Ok(conversations::current_of_chat(tx, &wanted).await?)
}

async fn reopen(
    tx: &mut Tx,
    mut conversation: Conversation,
    next: Next<'_>,
) -> Result<(Conversation, Message, ChangeKind), Error> {
    let (message, last) = write::message(next, conversation.id);
    conversation.reopen();
    conversation.add(last);
    conversations::update(tx, &conversation).await?;
    Ok((conversation, message, ChangeKind::Reopened))
}

async fn create(
    tx: &mut Tx,
    scope: AccountScope,
    connection: &Connection,
    chat: &LockedChat,
    next: Next<'_>,
) -> Result<(Conversation, Message, ChangeKind), Error> {
    let id = ConversationId::generate();
    let now = next.draft.now;
    let (message, last) = write::message(next, id);
    let number = accounts::take_number(tx, scope).await?;
    let conversation = Conversation {
        id,
        account: scope.account(),
        number,
        chat: chat.id,
        connection: connection.id,
        connector_key: connection.connector_key.clone(),
        thread: thread_of(connection, id),
        title: conversation::title(&chat.client_name, &chat.external_id),
        group: chat.group,
        life: Life::Open,
        answer: Answer::NotNeeded,
        last,
        client_read_seq: 0,
        version: 1,
        create_time: now,
        update_time: now,
    };
    conversations::insert(tx, &conversation).await?;
    Ok((conversation, message, ChangeKind::Created))
}

/// Where the client keeps several conversations apart, a new one needs a thread of its own that the client can answer in.
fn thread_of(connection: &Connection, id: ConversationId) -> String {
    match connection.mode {
        Mode::Multiple => id.uuid().to_string(),
        Mode::NewAfterClose | Mode::OneActive => String::new(),
    }
}
