//! What happens in a channel besides messages: a message changed or deleted, a client who cannot be written to any more, a group
//! that is renamed or goes on under another id.
//!
//! It is rare, so each is a transaction of its own beside the hot path: it locks the chat as employees' writes do. Ingest notices
//! by the rows' versions that they have changed.

use std::sync::Arc;

use api::conversations::v1::ChangeKind;
use auth::AccountScope;
use kit::Refusal;
use pg::Tx;
use time::OffsetDateTime;
use types::ConnectionId;

use super::Hub;
use crate::changes::{self, Change};
use crate::domain::conversation::Conversation;
use crate::domain::happening::Happening;
use crate::domain::message::Message;
use crate::domain::routing::thread;
use crate::ingest::{Item, ItemKind, Outcome, Stored};
use crate::store::chats::LockedChat;
use crate::store::conversations::{Wanted, current_of_chat};
use crate::store::happenings::{self, Became};
use crate::store::{chats, conversations, messages};

/// How often what met another transaction is tried.
const TRIES: usize = 3;

/// The unique key of the channel's ids of chats.
const EXTERNAL_ID: &str = "chats_external_id";

/// Something that happened, of a known connection.
#[derive(Debug, Clone)]
pub struct Event {
    scope: AccountScope,
    what: Happening,
    /// The same as a message: where and when, and what is stored when what it changes never came.
    item: Item,
}

impl Event {
    /// Something that happened; `item` makes an item of the event.
    pub fn new(scope: AccountScope, what: Happening, item: impl FnOnce(ItemKind) -> Item) -> Self {
        let (text, sender_name) = match &what {
            Happening::Edited {
                text, sender_name, ..
            } => (text.clone(), sender_name.clone()),
            _ => Default::default(),
        };
        let item = item(ItemKind::Message {
            text,
            sender_name,
            unsupported_kind: String::new(),
            facts: Vec::new(),
            files: Vec::new(),
            cart: None,
        });
        Self { scope, what, item }
    }

    /// The chat it happened in.
    pub fn chat(&self) -> (ConnectionId, String) {
        (self.item.connection.id, self.item.chat.clone())
    }
}

/// Why it took no effect.
enum Error {
    Store(pg::Error),
    Refused(Refusal),
    /// It came before, and became this.
    Known(Became),
    /// What it changes never came.
    Unknown,
}

impl From<pg::Error> for Error {
    fn from(error: pg::Error) -> Self {
        Self::Store(error)
    }
}

/// Lets it take effect, once.
pub async fn happen(hub: &Hub, event: Event) -> Outcome {
    for attempt in 1.. {
        let (tried, now) = (event.clone(), hub.clock.now());
        let done = hub.db.tx(event.scope, move |tx| {
            Box::pin(async move { apply(tx, &tried, now).await })
        });
        match done.await {
            Ok((became, change)) => {
                hub.after.changed(change.iter().map(Change::touched));
                return Outcome::Accepted(stored(&became));
            }
            Err(Error::Known(became)) => return Outcome::Duplicate(stored(&became)),
            Err(Error::Refused(refusal)) => return Outcome::Refused(Arc::new(refusal)),
            Err(Error::Unknown) => {
                let stored = hub.ingest.submit(vec![event.item]).await.pop();
                return stored
                    .unwrap_or_else(|| Outcome::Refused(Arc::new(Refusal::shutting_down())));
            }
            Err(Error::Store(pg::Error::Conflict { constraint })) if constraint == EXTERNAL_ID => {
                let to = match &event.what {
                    Happening::Moved { to } => to.clone(),
                    _ => String::new(),
                };
                return Outcome::Refused(Arc::new(Refusal::chat_taken(to)));
            }
            // Told twice at the same time: the second finds what the first became.
            Err(Error::Store(pg::Error::Serialization | pg::Error::Conflict { .. }))
                if attempt < TRIES => {}
            Err(Error::Store(error)) => return Outcome::Failed(Arc::new(error)),
        }
    }
    Outcome::Refused(Arc::new(Refusal::shutting_down()))
}

fn stored(became: &Became) -> Stored {
    Stored {
        conversation: became.conversation,
        number: became.number,
        message: Some(became.message),
        seq: became.seq,
        create_time: became.create_time,
    }
}

async fn apply(
    tx: &mut Tx,
    event: &Event,
    now: OffsetDateTime,
) -> Result<(Became, Option<Change>), Error> {
    let connection = event.item.connection.id;
    if let Some(known) = happenings::find(tx, event.scope, connection, &event.item.event_id).await?
    {
        return Err(Error::Known(known));
    }
    let (became, change) = match &event.what {
        Happening::Edited { of, text, .. } => changed(tx, event, of, now, |message| {
            message.edit(text.clone(), now)
        })
        .await?
        .ok_or(Error::Unknown)?,
        Happening::Deleted { of } => changed(tx, event, of, now, |message| message.delete(now))
            .await?
            .ok_or_else(|| Error::Refused(Refusal::message_not_found(of)))?,
        Happening::Reachable(_) | Happening::Renamed { .. } | Happening::Moved { .. } => {
            of_chat(tx, event, now).await?
        }
    };
    happenings::note(tx, event.scope, connection, &event.item.event_id, &became).await?;
    changes::append(tx, change.as_slice()).await?;
    Ok((became, change))
}

/// Changes a message that came before; `None` when it never came.
async fn changed(
    tx: &mut Tx,
    event: &Event,
    of: &str,
    now: OffsetDateTime,
    change: impl FnOnce(&mut Message) -> bool,
) -> Result<Option<(Became, Option<Change>)>, Error> {
    let (scope, connection) = (event.scope, event.item.connection.id);
    let Some(became) = happenings::find(tx, scope, connection, of).await? else {
        return Ok(None);
    };
    let account = scope.account();
    let chat = chats::lock_of_conversation(tx, account, became.conversation).await?;
    if chat.as_ref() != Some(&event.item.chat) {
        return Ok(None);
    }
    let message = messages::of_place(tx, account, became.conversation, became.seq).await?;
    let conversation = conversations::get(tx, scope, became.conversation).await?;
    let (Some(mut message), Some(mut conversation)) = (message, conversation) else {
        return Ok(None);
    };
    let became = Became {
        create_time: now,
        ..became
    };
    if !change(&mut message) {
        return Ok(Some((became, None)));
    }
    happenings::store_message(tx, scope, &message).await?;
    if conversation.last.id == message.id {
        conversation.last.preview = message.preview();
    }
    conversation.version += 1;
    conversations::update(tx, &conversation).await?;
    let told = told(
        event,
        ChangeKind::MessageChanged,
        conversation,
        Some(message),
    );
    Ok(Some((became, Some(told))))
}

/// Changes the chat itself.
async fn of_chat(
    tx: &mut Tx,
    event: &Event,
    now: OffsetDateTime,
) -> Result<(Became, Option<Change>), Error> {
    let scope = event.scope;
    let unknown = || Error::Refused(Refusal::chat_not_found(&event.item.chat));
    let (chat, conversation) = current(tx, event).await?.ok_or_else(unknown)?;
    let became = Became {
        conversation: conversation.id,
        number: conversation.number,
        message: conversation.last.id,
        seq: conversation.last.seq,
        create_time: now,
    };
    let change = match &event.what {
        Happening::Reachable(reachable) => {
            let since = (!reachable).then_some(now);
            let is_news = happenings::set_unreachable(tx, scope, chat.id, since).await?;
            is_news.then(|| told(event, ChangeKind::WritabilityChanged, conversation, None))
        }
        Happening::Renamed { title } if conversation.title != *title => {
            let id = conversation.id;
            happenings::rename(tx, scope, chat.id, id, title).await?;
            let renamed = conversations::get(tx, scope, id).await?;
            renamed.map(|renamed| told(event, ChangeKind::CardChanged, renamed, None))
        }
        Happening::Moved { to } => {
            happenings::move_to(tx, scope, chat.id, to).await?;
            None
        }
        Happening::Renamed { .. } | Happening::Edited { .. } | Happening::Deleted { .. } => None,
    };
    Ok((became, change))
}

/// The chat, locked, and its current conversation.
async fn current(tx: &mut Tx, event: &Event) -> Result<Option<(LockedChat, Conversation)>, Error> {
    let (scope, item) = (event.scope, &event.item);
    let Some(id) = chats::find(tx, scope, item.connection.id, &item.chat).await? else {
        return Ok(None);
    };
    let Some(chat) = chats::lock(tx, scope, id).await? else {
        return Ok(None);
    };
    let wanted = Wanted {
        account: scope.account(),
        chat: id,
        mode: item.connection.mode,
        thread: thread(item.connection.mode, &item.thread),
    };
    let conversation = current_of_chat(tx, &wanted).await?;
    Ok(conversation.map(|conversation| (chat, conversation)))
}

fn told(
    event: &Event,
    kind: ChangeKind,
    conversation: Conversation,
    message: Option<Message>,
) -> Change {
    Change {
        kind,
        conversation,
        message,
        external_chat_id: event.item.chat.clone(),
        facts: Vec::new(),
        previous: None,
        silent: false,
    }
}
