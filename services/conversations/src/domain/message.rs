//! Messages and how far they have come.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use types::{ConversationId, MessageId, UserId};

use super::attachment::Attachment;
use super::cart::Cart;

/// How much of a message's text stands in a list.
pub const PREVIEW_CHARACTERS: usize = 200;

/// Texts that are kept of a message that the client changes.
const KEPT_EDITS: usize = 20;

/// A text that a message had before it was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The text.
    pub text: String,
    /// Until when.
    #[serde(with = "time::serde::rfc3339")]
    pub replaced: OffsetDateTime,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthorKind {
    /// The client.
    Client,
    /// An employee.
    Employee,
    /// A bot.
    Bot,
    /// The system itself.
    System,
}

/// The author of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// What kind of author.
    pub kind: AuthorKind,
    /// Name to show.
    pub name: String,
    /// The employee.
    pub user: Option<UserId>,
}

/// How far an outgoing message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Stored, not yet taken by the channel.
    Queued,
    /// The channel took it.
    Sent,
    /// It is on the client's device.
    Delivered,
    /// The client has seen it.
    Read,
    /// It will not be delivered.
    Failed,
    /// Nobody knows whether the channel took it.
    Unknown,
}

impl Status {
    /// May news move a message from `self` to `next`? Status moves forward only: late news of an earlier stage change
    /// nothing, and a failure counts only while the message was not yet on the client's device.
    #[must_use]
    pub fn moves_to(self, next: Self) -> bool {
        match (self, next) {
            (Self::Failed, Self::Delivered | Self::Read) => true,
            (Self::Failed, _) | (_, Self::Queued) => false,
            (_, Self::Failed) => self.stage() < Self::Delivered.stage(),
            _ => next.stage() > self.stage(),
        }
    }

    fn stage(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Unknown => 1,
            Self::Sent | Self::Failed => 2,
            Self::Delivered => 3,
            Self::Read => 4,
        }
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Place in the chat.
    pub seq: i64,
    /// Who wrote it.
    pub author: Author,
    /// Text.
    pub text: String,
    /// The channel's word for content that cannot be shown; empty otherwise.
    pub unsupported_kind: String,
    /// The channel's id of the event that brought it.
    pub external_event_id: String,
    /// When the channel says it was written.
    pub sent_time: Option<OffsetDateTime>,
    /// How far it has come; `None` for incoming ones.
    pub status: Option<Status>,
    /// Why it failed.
    pub failure_text: String,
    /// When it was stored.
    pub create_time: OffsetDateTime,
    /// Files, in their order.
    pub attachments: Vec<Attachment>,
    /// The basket that the client sent.
    pub cart: Option<Cart>,
    /// The texts it had before the client changed it, oldest first.
    pub edits: Vec<Edit>,
    /// When the client deleted it.
    pub deleted: Option<OffsetDateTime>,
}

impl Message {
    /// The client changed it; false when nothing changes. What is deleted is not changed any more.
    pub fn edit(&mut self, text: String, at: OffsetDateTime) -> bool {
        if self.deleted.is_some() || self.text == text {
            return false;
        }
        let text = std::mem::replace(&mut self.text, text);
        self.edits.push(Edit { text, replaced: at });
        let extra = self.edits.len().saturating_sub(KEPT_EDITS);
        self.edits.drain(..extra);
        true
    }

    /// The client deleted it: nothing is left to show but its place. False when it was deleted before.
    pub fn delete(&mut self, at: OffsetDateTime) -> bool {
        if self.deleted.is_some() {
            return false;
        }
        self.deleted = Some(at);
        self.text.clear();
        self.unsupported_kind.clear();
        self.edits.clear();
        self.attachments.clear();
        self.cart = None;
        true
    }

    /// Is it more than text?
    #[must_use]
    pub fn is_rich(&self) -> bool {
        !self.attachments.is_empty() || self.cart.is_some()
    }

    /// How lists show it: the beginning of its text, or signs for what it has instead.
    #[must_use]
    pub fn preview(&self) -> String {
        if !self.text.is_empty() || !self.is_rich() {
            return self.text.chars().take(PREVIEW_CHARACTERS).collect();
        }
        let files = self.attachments.iter().map(Attachment::summary);
        let signs: Vec<String> = files.chain(self.cart.as_ref().map(Cart::summary)).collect();
        signs.join(" ").chars().take(PREVIEW_CHARACTERS).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Status; 6] = [
        Status::Queued,
        Status::Sent,
        Status::Delivered,
        Status::Read,
        Status::Failed,
        Status::Unknown,
    ];

    fn status() -> impl Strategy<Value = Status> {
        proptest::sample::select(&ALL[..])
    }

    proptest! {
        /// Whatever the order of news, what the client has seen stays seen.
        #[test]
        fn a_status_never_moves_back(news in proptest::collection::vec(status(), 0..20)) {
            let mut current = Status::Queued;
            let mut furthest = 0;
            for next in news {
                if current.moves_to(next) {
                    current = next;
                }
                prop_assert!(current.stage() >= furthest || current == Status::Failed);
                furthest = furthest.max(current.stage());
            }
        }
    }

    #[test]
    fn a_delivered_message_cannot_fail() {
        assert!(!Status::Delivered.moves_to(Status::Failed));
        assert!(Status::Sent.moves_to(Status::Failed));
        assert!(
            Status::Failed.moves_to(Status::Read),
            "a late receipt proves that it arrived"
        );
        assert!(
            ALL.iter().all(|status| !status.moves_to(*status)),
            "old news change nothing"
        );
    }
}
