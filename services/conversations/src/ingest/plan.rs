//! What a batch does, decided without I/O: from the items and the conversations as they are to the rows to write, the
//! changes to tell and the outcomes to answer.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use api::conversations::v1::ChangeKind;
use kit::Refusal;
use time::OffsetDateTime;
use types::{AccountId, AttachmentId, ChatId, ConnectionId, ConversationId, MessageId};

use super::known::{AsRead, Chat, Known, chat_key, key};
use super::write::Places;
use super::{Item, ItemKind, Origin, Outcome, Stored};
use crate::changes::Change;
use crate::domain::connection::Mode;
use crate::domain::conversation::{self, Answer, ClosedBy, Conversation, LastMessage, Life};
use crate::domain::message::{Author, AuthorKind, Message};
use crate::domain::routing::{Current, Route, route, thread};

/// A chat that changes.
#[derive(Debug, Clone)]
pub struct ChangedChat {
    /// Account.
    pub account: AccountId,
    /// Connection.
    pub connection: ConnectionId,
    /// The channel's id of it.
    pub external_id: String,
    /// As it will be.
    pub chat: Chat,
    /// As it was read; `None` for a chat that is made.
    pub stored: Option<AsRead>,
    /// The client writes now: whoever writes has not blocked the line. What an import brings says nothing of it.
    pub is_heard: bool,
}

/// A conversation that the batch works on.
#[derive(Debug, Clone)]
pub struct Work {
    /// As it will be.
    pub conversation: Conversation,
    /// As it was read; `None` for one that is made.
    pub stored: Option<AsRead>,
    /// Something changed.
    pub is_changed: bool,
}

/// The conversation numbers that an account uses up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// The newest number as it was read; `None` for an account without one.
    pub stored: Option<i64>,
    /// The newest number as it will be.
    pub last: i64,
}

/// A place that the client has read up to.
#[derive(Debug, Clone, Copy)]
pub struct ReadUpTo {
    /// Place of the conversation in the plan.
    pub work: usize,
    /// Place of the message in the chat.
    pub seq: i64,
}

/// The batch as it grows.
#[derive(Debug)]
pub struct Plan {
    now: OffsetDateTime,
    known: Known,
    current: HashMap<(ChatId, String), usize>,
    chats: BTreeMap<(AccountId, ConnectionId, String), ChangedChat>,
    numbers: BTreeMap<AccountId, Numbers>,
    works: Vec<Work>,
    /// New messages with their place in `works`.
    pub messages: Vec<(usize, Message)>,
    /// What to tell.
    pub changes: Vec<Change>,
    /// What clients have read.
    pub reads: Vec<ReadUpTo>,
    /// How many messages came from clients on the black list.
    pub blocked: BTreeMap<(AccountId, String, String), i64>,
    outcomes: Vec<Outcome>,
}

impl Plan {
    /// Nothing decided yet.
    pub fn new(now: OffsetDateTime, known: Known) -> Self {
        Self {
            now,
            known,
            current: HashMap::new(),
            chats: BTreeMap::new(),
            numbers: BTreeMap::new(),
            works: Vec::new(),
            messages: Vec::new(),
            changes: Vec::new(),
            reads: Vec::new(),
            blocked: BTreeMap::new(),
            outcomes: Vec::new(),
        }
    }

    /// Decides about the next item.
    pub fn take(&mut self, item: &Item) {
        let outcome = match &item.kind {
            ItemKind::Message { sender_name, .. } => self.take_message(item, sender_name),
            ItemKind::Finished => self.take_finished(item),
            ItemKind::Read { seq } => self.take_read(item, *seq),
        };
        self.outcomes.push(outcome);
    }

    fn take_message(&mut self, item: &Item, sender_name: &str) -> Outcome {
        let key = key(item);
        // Known from before, or from earlier in this very batch.
        if let Some(stored) = self.known.events.get(&key) {
            return Outcome::Duplicate(*stored);
        }
        if self.known.blocked.contains(&chat_key(item)) {
            return self.refuse_blocked(item);
        }
        if let Some(id) = used_file(item) {
            return Outcome::Refused(Arc::new(Refusal::attachment_used(id)));
        }
        let chat = self.arrive(item, sender_name);
        let (mut message, facts) = message(item, &chat, self.now);
        let (work, kind) = self.conversation_for(item, &chat, &message);
        let conversation = &mut self.works[work].conversation;
        message.conversation = conversation.id;
        if kind != ChangeKind::Created {
            match item.imported {
                None => conversation.add(last(&message)),
                Some(_) => conversation.add_old(last(&message)),
            }
        }
        let stored = Stored {
            conversation: conversation.id,
            number: conversation.number,
            message: Some(message.id),
            seq: message.seq,
            create_time: self.now,
        };
        self.works[work].is_changed = true;
        self.tell(kind, work, Some(message.clone()), item, facts);
        self.messages.push((work, message));
        self.known.events.insert(key, stored);
        Outcome::Accepted(stored)
    }

    /// Nothing of a message from the black list is kept but that it came.
    fn refuse_blocked(&mut self, item: &Item) -> Outcome {
        let connection = &item.connection;
        let person = (connection.connector_key.clone(), item.chat.clone());
        *self
            .blocked
            .entry((connection.account, person.0, person.1))
            .or_default() += 1;
        Outcome::Refused(Arc::new(Refusal::chat_blocked(&item.chat)))
    }

    /// The item's chat, made where needed, with the place of its new message. Only a message makes a chat.
    fn arrive(&mut self, item: &Item, sender_name: &str) -> Chat {
        let known = self.known.chats.get(&chat_key(item));
        let chat = self
            .chats
            .entry((
                item.connection.account,
                item.connection.id,
                item.chat.clone(),
            ))
            .or_insert_with(|| ChangedChat {
                account: item.connection.account,
                connection: item.connection.id,
                external_id: item.chat.clone(),
                chat: known.map_or_else(|| Chat::new(item.group), |(chat, _)| chat.clone()),
                stored: known.map(|(_, as_read)| as_read.clone()),
                is_heard: false,
            });
        chat.is_heard |= item.imported.is_none();
        chat.chat.last_seq += 1;
        if item.imported != Some(AuthorKind::Employee) {
            // What the channel dates into the future was written now; an old message without a time may be of any time.
            let now = item.imported.is_none().then_some(self.now);
            let written = item.event_time.or(now).min(Some(self.now));
            chat.chat.client_time = chat.chat.client_time.max(written);
            // Nor is an old name news; a group has its own, which no member changes by writing.
            let is_old = item.imported.is_some() || chat.chat.group;
            let is_news = !is_old || chat.chat.client_name.is_empty();
            if is_news && !sender_name.is_empty() {
                sender_name.clone_into(&mut chat.chat.client_name);
            }
        }
        chat.chat.clone()
    }

    /// The conversation that a message goes to, made or opened again where needed.
    fn conversation_for(
        &mut self,
        item: &Item,
        chat: &Chat,
        message: &Message,
    ) -> (usize, ChangeKind) {
        let mode = item.connection.mode;
        let found = self.current(item, chat.id);
        if item.imported.is_some() {
            return match found {
                Some(work) => (work, ChangeKind::MessageAdded),
                None => (self.create(item, chat, message), ChangeKind::Created),
            };
        }
        if let Some(rated) = found.filter(|work| self.is_rated(*work, message)) {
            return (rated, ChangeKind::Rated);
        }
        let state = match found.map(|work| self.works[work].conversation.is_open()) {
            None => Current::None,
            Some(true) => Current::Open,
            Some(false) => Current::Closed,
        };
        match (route(mode, state), found) {
            (Route::Append, Some(work)) => (work, ChangeKind::MessageAdded),
            (Route::Reopen, Some(work)) => {
                self.works[work].conversation.reopen();
                (work, ChangeKind::Reopened)
            }
            _ => (self.create(item, chat, message), ChangeKind::Created),
        }
    }

    /// Does the client's message answer the survey that closed the conversation? It opens nothing then.
    fn is_rated(&self, work: usize, message: &Message) -> bool {
        let conversation = &self.works[work].conversation;
        let is_text_alone = message.attachments.is_empty() && message.cart.is_none();
        is_text_alone && conversation.is_rated_by(&message.text, self.now)
    }

    /// The conversation in which a chat and thread stand, as this batch has left it.
    fn current(&mut self, item: &Item, chat: ChatId) -> Option<usize> {
        let thread = thread(item.connection.mode, &item.thread);
        let place = (chat, thread.to_owned());
        if let Some(work) = self.current.get(&place) {
            return Some(*work);
        }
        let (conversation, as_read) = self.known.conversations.remove(&place)?;
        self.works.push(Work {
            conversation,
            stored: Some(as_read),
            is_changed: false,
        });
        self.current.insert(place, self.works.len() - 1);
        Some(self.works.len() - 1)
    }

    /// Makes a conversation; it gets the next number of its account (CNV-09).
    fn create(&mut self, item: &Item, chat: &Chat, message: &Message) -> usize {
        let account = item.connection.account;
        let stored = self.known.numbers.get(&account).copied();
        let numbers = self.numbers.entry(account).or_insert(Numbers {
            stored,
            last: stored.unwrap_or(0),
        });
        numbers.last += 1;
        let thread = thread(item.connection.mode, &item.thread).to_owned();
        // What was over before it came here waits for nobody.
        let over = Life::Closed {
            at: self.now,
            by: ClosedBy::Program,
        };
        let (life, answer, client_read_seq) = match item.imported {
            None => (Life::Open, Answer::Required, 0),
            Some(_) => (over, Answer::NotNeeded, message.seq),
        };
        let conversation = Conversation {
            id: ConversationId::generate(),
            account,
            number: numbers.last,
            chat: chat.id,
            connection: item.connection.id,
            connector_key: item.connection.connector_key.clone(),
            thread: thread.clone(),
            title: conversation::title(&chat.client_name, &item.chat),
            group: chat.group,
            life,
            answer,
            last: last(message),
            client_read_seq,
            version: 1,
            create_time: self.now,
            update_time: self.now,
        };
        self.current.insert((chat.id, thread), self.works.len());
        self.works.push(Work {
            conversation,
            stored: None,
            is_changed: true,
        });
        self.works.len() - 1
    }

    fn take_finished(&mut self, item: &Item) -> Outcome {
        let Some(work) = self.current_work(item) else {
            return no_conversation(item);
        };
        let conversation = &mut self.works[work].conversation;
        if item.connection.mode == Mode::OneActive {
            // Only employees close it.
            return Outcome::Refused(Arc::new(Refusal::finish_not_allowed(conversation.id)));
        }
        if !conversation.close(ClosedBy::Client, self.now) {
            return Outcome::Duplicate(self.stored(work));
        }
        self.works[work].is_changed = true;
        self.tell(ChangeKind::Closed, work, None, item, Vec::new());
        Outcome::Accepted(self.stored(work))
    }

    fn take_read(&mut self, item: &Item, seq: i64) -> Outcome {
        let Some(work) = self.current_work(item) else {
            return no_conversation(item);
        };
        let conversation = &mut self.works[work].conversation;
        // Nobody has read what is not there.
        let seq = seq.min(conversation.last.seq);
        if seq <= conversation.client_read_seq {
            return Outcome::Duplicate(self.stored(work));
        }
        conversation.client_read_seq = seq;
        self.reads.push(ReadUpTo { work, seq });
        self.works[work].is_changed = true;
        Outcome::Accepted(self.stored(work))
    }

    fn current_work(&mut self, item: &Item) -> Option<usize> {
        let place = (
            item.connection.account,
            item.connection.id,
            item.chat.clone(),
        );
        let changed = self.chats.get(&place).map(|chat| chat.chat.id);
        let known = || {
            self.known
                .chats
                .get(&chat_key(item))
                .map(|(chat, _)| chat.id)
        };
        let chat = changed.or_else(known)?;
        self.current(item, chat)
    }

    fn stored(&self, work: usize) -> Stored {
        let conversation = &self.works[work].conversation;
        Stored {
            conversation: conversation.id,
            number: conversation.number,
            message: None,
            seq: 0,
            create_time: self.now,
        }
    }

    fn tell(
        &mut self,
        kind: ChangeKind,
        work: usize,
        message: Option<Message>,
        item: &Item,
        facts: Vec<(String, String)>,
    ) {
        let conversation = self.works[work].conversation.clone();
        self.changes.push(Change {
            kind,
            conversation,
            message,
            external_chat_id: item.chat.clone(),
            facts,
            previous: None,
            silent: item.imported.is_some(),
        });
    }

    /// The chats that change, in the order in which they are locked.
    pub fn chats(&self) -> impl Iterator<Item = &ChangedChat> {
        self.chats.values()
    }

    /// The numbers that are used up, in the order in which they are locked.
    pub fn numbers(&self) -> impl Iterator<Item = (AccountId, Numbers)> {
        self.numbers
            .iter()
            .map(|(account, numbers)| (*account, *numbers))
    }

    /// The conversations that change.
    pub fn works(&self) -> impl Iterator<Item = &Work> {
        self.works.iter().filter(|work| work.is_changed)
    }

    /// A conversation by its place.
    pub fn conversation(&self, work: usize) -> &Conversation {
        &self.works[work].conversation
    }

    /// Has a message files or a basket?
    pub fn is_rich(&self) -> bool {
        self.messages.iter().any(|(_, message)| message.is_rich())
    }

    /// Is there nothing to write?
    pub fn is_empty(&self) -> bool {
        self.works().next().is_none()
    }

    /// What is known once this is written, and the outcomes in the order of the items.
    pub fn written(self, places: &Places) -> (Known, Vec<Outcome>) {
        let mut known = Known {
            numbers: self.known.numbers,
            ..Known::default()
        };
        for (account, numbers) in self.numbers {
            known.numbers.insert(account, numbers.last);
        }
        for ((_, connection, external_id), changed) in self.chats {
            if let Some(as_read) = places.of(changed.chat.id.uuid(), changed.chat.last_seq) {
                known
                    .chats
                    .insert((connection, external_id), (changed.chat, as_read));
            }
        }
        for (place, work) in self.current {
            let conversation = &self.works[work].conversation;
            if let Some(as_read) = places.of(conversation.id.uuid(), conversation.version) {
                known
                    .conversations
                    .insert(place, (conversation.clone(), as_read));
            }
        }
        (known, self.outcomes)
    }
}

fn no_conversation(item: &Item) -> Outcome {
    Outcome::Refused(Arc::new(Refusal::conversation_not_found(&item.thread)))
}

/// A file of the item that came with another message.
fn used_file(item: &Item) -> Option<AttachmentId> {
    let ItemKind::Message { files, .. } = &item.kind else {
        return None;
    };
    let used = files
        .iter()
        .find(|it| it.origin == Origin::Uploaded { is_used: true });
    used.map(|it| it.file.id)
}

/// The message, as the newest one of the chat.
fn message(item: &Item, chat: &Chat, now: OffsetDateTime) -> (Message, Vec<(String, String)>) {
    let (text, sender_name, unsupported_kind, facts, files, cart) = match &item.kind {
        ItemKind::Message {
            text,
            sender_name,
            unsupported_kind,
            facts,
            files,
            cart,
        } => (
            text.clone(),
            sender_name.clone(),
            unsupported_kind.clone(),
            facts.clone(),
            files.iter().map(|it| it.file.clone()).collect(),
            cart.clone(),
        ),
        ItemKind::Finished | ItemKind::Read { .. } => Default::default(),
    };
    let kind = item.imported.unwrap_or(AuthorKind::Client);
    let name = if sender_name.is_empty() && kind == AuthorKind::Client {
        chat.client_name.clone()
    } else {
        sender_name
    };
    let message = Message {
        id: MessageId::generate(),
        // Set by the caller, who knows the conversation.
        conversation: ConversationId::from(uuid::Uuid::nil()),
        seq: chat.last_seq,
        author: Author {
            kind,
            name,
            user: None,
        },
        text,
        unsupported_kind,
        external_event_id: item.event_id.clone(),
        sent_time: item.event_time,
        status: None,
        failure_text: String::new(),
        create_time: now,
        attachments: files,
        cart,
        edits: Vec::new(),
        deleted: None,
    };
    (message, facts)
}

fn last(message: &Message) -> LastMessage {
    LastMessage {
        id: message.id,
        seq: message.seq,
        author: message.author.clone(),
        preview: message.preview(),
        time: message.create_time,
    }
}

#[cfg(test)]
mod tests;
