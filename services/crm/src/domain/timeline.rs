//! What happened to cards.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use types::{ContactId, ConversationId, MessageId, TimelineEntryId};

use super::call::Call;

/// What the history says when a client had their data erased (CAB-36).
pub const ERASED: &str = "Робот : Пользователь запросил удаление данных";

/// An entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its id; later ones are greater.
    pub id: TimelineEntryId,
    /// What.
    pub event: Event,
    /// Who: "user_…" or "key_…".
    pub author: Author,
    /// Which field changed; empty where none did.
    pub field: String,
    /// What it was.
    pub before: Option<Value>,
    /// What it became.
    pub after: Option<Value>,
    /// When.
    pub time: OffsetDateTime,
}

impl Entry {
    /// Takes out the card's name, which the entries of its beginning and end carry.
    pub fn hide_name(&mut self) {
        if matches!(self.event, Event::Created | Event::Deleted) {
            self.before = None;
            self.after = None;
        }
    }

    /// Takes out which task it was, for whom tasks may be hidden.
    pub fn hide_task(&mut self) {
        if matches!(self.event, Event::TaskAdded | Event::TaskCompleted) {
            self.before = None;
            self.after = None;
        }
    }
}

/// A message of an employee to a client. Its text stays with conversations, which decide who may read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The conversation.
    #[serde(rename = "conversation_id")]
    pub conversation: ConversationId,
    /// The message.
    #[serde(rename = "message_id")]
    pub message: MessageId,
    /// The client's contact; it decides with the card who may read the message.
    #[serde(rename = "contact_id")]
    pub contact: Option<ContactId>,
}

impl Entry {
    /// That a message was sent.
    #[must_use]
    pub fn of_message(sent: &Sent, author: Author, time: OffsetDateTime) -> Self {
        Self {
            id: sent.message.uuid().into(),
            event: Event::MessageSent,
            author,
            field: String::new(),
            before: None,
            after: serde_json::to_value(sent).ok(),
            time,
        }
    }

    /// The message that it tells of; `None` for every other entry.
    #[must_use]
    pub fn message(&self) -> Option<Sent> {
        let is_message = self.event == Event::MessageSent;
        let told = self.after.clone().filter(|_| is_message)?;
        serde_json::from_value(told).ok()
    }

    /// The call that it tells of; `None` for every other entry.
    #[must_use]
    pub fn call(&self) -> Option<Call> {
        let is_call = self.event == Event::Call;
        let told = self.after.clone().filter(|_| is_call)?;
        serde_json::from_value(told).ok()
    }

    /// With which client somebody talked or wrote; `None` for an entry of something else.
    #[must_use]
    pub fn talk(&self) -> Option<Option<ContactId>> {
        let written = self.message().map(|sent| sent.contact);
        written.or_else(|| self.call().map(|call| Some(call.contact)))
    }

    /// Takes out the number of a call, for whom the numbers of contacts are hidden.
    pub fn hide_phone(&mut self) {
        if let Some(mut call) = self.call() {
            call.phone.clear();
            self.after = serde_json::to_value(call).ok();
        }
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Author {
    /// "user_…" or "key_…"; empty for the robot.
    pub id: String,
    /// Name of the employee; empty for a program.
    pub name: String,
}

impl Author {
    /// Who does what nobody of the account did.
    #[must_use]
    pub fn robot() -> Self {
        Self {
            id: String::new(),
            name: "Робот".to_owned(),
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The card was added.
    Created,
    /// A field changed.
    FieldChanged,
    /// The deal moved to another stage.
    StageChanged,
    /// Somebody else became responsible.
    ResponsibleChanged,
    /// Somebody subscribed.
    FollowerAdded,
    /// Somebody ended a subscription.
    FollowerRemoved,
    /// The card was deleted.
    Deleted,
    /// Tags were put on or taken off.
    TagsChanged,
    /// A task was added.
    TaskAdded,
    /// A task was completed.
    TaskCompleted,
    /// Other contacts went into this one.
    Merged,
    /// The contact went into another.
    MergedInto,
    /// A merge was taken back.
    Unmerged,
    /// The client had their data erased.
    Erased,
    /// An employee wrote to the client.
    MessageSent,
    /// A telephone call with the client.
    Call,
}

impl Event {
    /// What the change of a field is.
    #[must_use]
    pub fn of_field(field: &str) -> Self {
        match field {
            "stage_id" => Self::StageChanged,
            "tag_ids" => Self::TagsChanged,
            "responsible_user_id" => Self::ResponsibleChanged,
            _ => Self::FieldChanged,
        }
    }
}
