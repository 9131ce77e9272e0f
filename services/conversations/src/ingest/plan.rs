//! What a batch does, decided without I/O: from the items and the conversations as they are to the rows to write, the
//! changes to tell and the outcomes to answer.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use api::conversations::v1::ChangeKind;
use kit::Refusal;
use time::OffsetDateTime;
use types::{AccountId, ChatId, ConversationId, MessageId};

use super::dedupe::{Key, key};
use super::{Item, ItemKind, Outcome, Stored};
use crate::changes::Change;
use crate::domain::connection::Mode;
use crate::domain::conversation::{self, Answer, ClosedBy, Conversation, LastMessage, Life};
use crate::domain::message::{Author, AuthorKind, Message, preview};
use crate::domain::routing::{Current, Route, route, thread};

/// A chat as the batch finds it.
#[derive(Debug, Clone)]
pub struct Chat {
    /// Its id.
    pub id: ChatId,
    /// The client's name.
    pub client_name: String,
    /// The place that the next message of the batch gets.
    pub next_seq: i64,
}

/// A conversation that the batch works on.
#[derive(Debug, Clone)]
pub struct Work {
    /// As it is now.
    pub conversation: Conversation,
    /// Made by this batch: it has no number yet.
    pub is_new: bool,
    /// Something changed.
    pub is_changed: bool,
}

/// A place that the client has read up to.
#[derive(Debug, Clone, Copy)]
pub struct ReadUpTo {
    /// Account.
    pub account: AccountId,
    /// Conversation.
    pub conversation: ConversationId,
    /// Place.
    pub seq: i64,
}

/// Where the chats' and threads' conversations stand.
type Place = (ChatId, String);

/// The batch as it grows.
#[derive(Debug)]
pub struct Plan {
    now: OffsetDateTime,
    chats: HashMap<(types::ConnectionId, String), Chat>,
    known: HashMap<Key, Stored>,
    current: HashMap<Place, usize>,
    /// Every conversation that was found or made.
    pub works: Vec<Work>,
    /// New messages.
    pub messages: Vec<(AccountId, Message)>,
    /// What to tell.
    pub changes: Vec<Change>,
    /// What clients have read.
    pub reads: Vec<ReadUpTo>,
    outcomes: Vec<Planned>,
}

/// An outcome; those with a conversation made here get its number later.
#[derive(Debug)]
enum Planned {
    Final(Outcome),
    Work {
        work: usize,
        stored: Stored,
        is_duplicate: bool,
    },
}

impl Plan {
    /// Nothing decided yet.
    pub fn new(
        now: OffsetDateTime,
        chats: HashMap<(types::ConnectionId, String), Chat>,
        known: HashMap<Key, Stored>,
    ) -> Self {
        Self {
            now,
            chats,
            known,
            current: HashMap::new(),
            works: Vec::new(),
            messages: Vec::new(),
            changes: Vec::new(),
            reads: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    /// A conversation that exists, in its chat and (where the mode has threads) thread.
    pub fn found(&mut self, chat: ChatId, thread: &str, conversation: Conversation) {
        self.current
            .insert((chat, thread.to_owned()), self.works.len());
        self.works.push(Work {
            conversation,
            is_new: false,
            is_changed: false,
        });
    }

    /// Decides about the next item.
    pub fn take(&mut self, item: &Item) {
        let planned = match &item.kind {
            ItemKind::Message { .. } => self.take_message(item),
            ItemKind::Finished => self.take_finished(item),
            ItemKind::Read { seq } => self.take_read(item, *seq),
        };
        self.outcomes.push(planned);
    }

    fn take_message(&mut self, item: &Item) -> Planned {
        let key = key(item);
        if let Some(stored) = self.known.get(&key) {
            // Known from before, or from earlier in this very batch.
            let work = self
                .works
                .iter()
                .position(|work| work.conversation.id == stored.conversation);
            return match work {
                Some(work) => Planned::Work {
                    work,
                    stored: *stored,
                    is_duplicate: true,
                },
                None => Planned::Final(Outcome::Duplicate(*stored)),
            };
        }
        let Some(chat) = self.chats.get_mut(&(item.connection.id, item.chat.clone())) else {
            return Planned::Final(Outcome::Refused(Arc::new(Refusal::chat_not_found(
                &item.chat,
            ))));
        };
        let seq = chat.next_seq;
        chat.next_seq += 1;
        let chat = chat.clone();
        let (mut message, facts) = message(item, &chat, seq, self.now);
        let (work, kind) = self.conversation_for(item, &chat, &message);
        let Some(conversation) = self.works.get_mut(work).map(|work| &mut work.conversation) else {
            return Planned::Final(Outcome::Refused(Arc::new(Refusal::chat_not_found(
                &item.chat,
            ))));
        };
        message.conversation = conversation.id;
        if kind != ChangeKind::Created {
            conversation.add(last(&message));
        }
        let stored = Stored {
            conversation: conversation.id,
            number: conversation.number,
            message: Some(message.id),
            seq,
            create_time: self.now,
        };
        self.works[work].is_changed = true;
        self.tell(kind, work, Some(message.clone()), item, facts);
        self.messages.push((item.connection.account, message));
        self.known.insert(key, stored);
        Planned::Work {
            work,
            stored,
            is_duplicate: false,
        }
    }

    /// The conversation that a message goes to, made or opened again where needed.
    fn conversation_for(
        &mut self,
        item: &Item,
        chat: &Chat,
        message: &Message,
    ) -> (usize, ChangeKind) {
        let mode = item.connection.mode;
        let place = (chat.id, thread(mode, &item.thread).to_owned());
        let found = self.current.get(&place).copied();
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
            _ => {
                let work = self.works.len();
                let conversation = new_conversation(item, chat, place.1.clone(), message, self.now);
                self.works.push(Work {
                    conversation,
                    is_new: true,
                    is_changed: true,
                });
                self.current.insert(place, work);
                (work, ChangeKind::Created)
            }
        }
    }

    fn take_finished(&mut self, item: &Item) -> Planned {
        let Some(work) = self.current_work(item) else {
            return Planned::Final(Outcome::Refused(Arc::new(Refusal::conversation_not_found(
                &item.thread,
            ))));
        };
        let conversation = &mut self.works[work].conversation;
        if item.connection.mode == Mode::OneActive {
            // Only employees close it.
            let refusal = Refusal::finish_not_allowed(conversation.id);
            return Planned::Final(Outcome::Refused(Arc::new(refusal)));
        }
        let closed = conversation.close(ClosedBy::Client, self.now);
        if closed {
            self.works[work].is_changed = true;
            self.tell(ChangeKind::Closed, work, None, item, Vec::new());
        }
        let stored = self.stored(work);
        Planned::Work {
            work,
            stored,
            is_duplicate: !closed,
        }
    }

    fn take_read(&mut self, item: &Item, seq: i64) -> Planned {
        let Some(work) = self.current_work(item) else {
            return Planned::Final(Outcome::Refused(Arc::new(Refusal::conversation_not_found(
                &item.thread,
            ))));
        };
        let conversation = &mut self.works[work].conversation;
        // Nobody has read what is not there.
        let seq = seq.min(conversation.last.seq);
        let is_news = seq > conversation.client_read_seq;
        if is_news {
            conversation.client_read_seq = seq;
            self.reads.push(ReadUpTo {
                account: conversation.account,
                conversation: conversation.id,
                seq,
            });
            self.works[work].is_changed = true;
        }
        let stored = self.stored(work);
        Planned::Work {
            work,
            stored,
            is_duplicate: !is_news,
        }
    }

    fn current_work(&self, item: &Item) -> Option<usize> {
        let chat = self.chats.get(&(item.connection.id, item.chat.clone()))?;
        let thread = thread(item.connection.mode, &item.thread);
        self.current.get(&(chat.id, thread.to_owned())).copied()
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
        });
    }

    /// How many numbers each account needs, sorted by account.
    pub fn numbers_wanted(&self) -> Vec<(AccountId, i64)> {
        let mut wanted = BTreeMap::new();
        for work in self.works.iter().filter(|work| work.is_new) {
            *wanted.entry(work.conversation.account).or_insert(0) += 1;
        }
        wanted.into_iter().collect()
    }

    /// Gives the new conversations their numbers, in order of arrival (CNV-09), from the first number of each account.
    pub fn number(&mut self, first: &[(AccountId, i64)]) {
        let mut next: HashMap<AccountId, i64> = first.iter().copied().collect();
        let mut given = HashMap::new();
        for work in self.works.iter_mut().filter(|work| work.is_new) {
            if let Some(next) = next.get_mut(&work.conversation.account) {
                work.conversation.number = *next;
                given.insert(work.conversation.id, *next);
                *next += 1;
            }
        }
        for change in &mut self.changes {
            if let Some(number) = given.get(&change.conversation.id) {
                change.conversation.number = *number;
            }
        }
    }

    /// The conversations to insert and those to update.
    pub fn rows(&self) -> (Vec<Conversation>, Vec<Conversation>) {
        let of = |is_new| {
            let works = self
                .works
                .iter()
                .filter(move |work| work.is_changed && work.is_new == is_new);
            works.map(|work| work.conversation.clone()).collect()
        };
        (of(true), of(false))
    }

    /// The outcomes, in the order of the items.
    pub fn outcomes(&self) -> Vec<Outcome> {
        let outcomes = self.outcomes.iter().map(|planned| match planned {
            Planned::Final(outcome) => outcome.clone(),
            Planned::Work {
                work,
                stored,
                is_duplicate,
            } => {
                let stored = Stored {
                    number: self.works[*work].conversation.number,
                    ..*stored
                };
                if *is_duplicate {
                    Outcome::Duplicate(stored)
                } else {
                    Outcome::Accepted(stored)
                }
            }
        });
        outcomes.collect()
    }
}

fn message(
    item: &Item,
    chat: &Chat,
    seq: i64,
    now: OffsetDateTime,
) -> (Message, Vec<(String, String)>) {
    let (text, sender_name, unsupported_kind, facts) = match &item.kind {
        ItemKind::Message {
            text,
            sender_name,
            unsupported_kind,
            facts,
        } => (
            text.clone(),
            sender_name.clone(),
            unsupported_kind.clone(),
            facts.clone(),
        ),
        ItemKind::Finished | ItemKind::Read { .. } => Default::default(),
    };
    let name = if sender_name.is_empty() {
        chat.client_name.clone()
    } else {
        sender_name
    };
    let message = Message {
        id: MessageId::generate(),
        // Set by the caller, who knows the conversation.
        conversation: ConversationId::from(uuid::Uuid::nil()),
        seq,
        author: Author {
            kind: AuthorKind::Client,
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
    };
    (message, facts)
}

fn last(message: &Message) -> LastMessage {
    LastMessage {
        id: message.id,
        seq: message.seq,
        author: message.author.clone(),
        preview: preview(&message.text),
        time: message.create_time,
    }
}

fn new_conversation(
    item: &Item,
    chat: &Chat,
    thread: String,
    message: &Message,
    now: OffsetDateTime,
) -> Conversation {
    Conversation {
        id: ConversationId::generate(),
        account: item.connection.account,
        number: 0,
        chat: chat.id,
        connection: item.connection.id,
        connector_key: item.connection.connector_key.clone(),
        thread,
        title: conversation::title(&chat.client_name, &item.chat),
        life: Life::Open,
        answer: Answer::Required,
        last: last(message),
        client_read_seq: 0,
        version: 1,
        create_time: now,
        update_time: now,
    }
}

#[cfg(test)]
mod tests;
