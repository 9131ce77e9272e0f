//! What happened to cards.

use serde_json::Value;
use time::OffsetDateTime;
use types::TimelineEntryId;

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

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Author {
    /// "user_…" or "key_…".
    pub id: String,
    /// Name of the employee; empty for a program.
    pub name: String,
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
