//! What happened to a conversation, for live streams and other services.

use access::Visibility;
use api::conversations::internal::v1::ConversationEvent;
use api::conversations::v1::ChangeKind;
use events::NewEvent;
use pg::{Error, Tx};
use prost::Message as _;
use types::{ConnectionId, ConversationId};

use crate::domain::conversation::Conversation;
use crate::domain::message::Message;
use crate::wire;

/// The kind of all events of this service.
pub const EVENT_KIND: &str = "conversation.changed";

/// One change of a conversation and the rows after it.
#[derive(Debug, Clone)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// The conversation after it.
    pub conversation: Conversation,
    /// The message that was added or changed.
    pub message: Option<Message>,
    /// The channel's id of the chat.
    pub external_chat_id: String,
    /// Facts of the request that came with the message.
    pub facts: Vec<(String, String)>,
}

/// A chat in which something changed, for hints to its channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Touched {
    /// Connection.
    pub connection: ConnectionId,
    /// The channel's id of the chat.
    pub external_chat_id: String,
}

impl Change {
    /// The chat it happened in.
    #[must_use]
    pub fn touched(&self) -> Touched {
        Touched {
            connection: self.conversation.connection,
            external_chat_id: self.external_chat_id.clone(),
        }
    }

    /// The event that tells of it.
    #[must_use]
    pub fn event(&self) -> NewEvent {
        let payload = ConversationEvent {
            kind: self.kind.into(),
            conversation: Some(wire::conversation(
                &self.conversation,
                Visibility::DealAndChat,
            )),
            message: self.message.as_ref().map(wire::message),
            external_chat_id: self.external_chat_id.clone(),
            external_thread_id: self.conversation.thread.clone(),
            facts: self.facts.iter().cloned().collect(),
        };
        NewEvent {
            account: self.conversation.account,
            aggregate: ConversationId::uuid(self.conversation.id),
            kind: EVENT_KIND,
            payload: payload.encode_to_vec(),
        }
    }
}

/// Writes the changes into the outbox: the last act of a transaction.
///
/// # Errors
/// When the database fails.
pub async fn append(tx: &mut Tx, changes: &[Change]) -> Result<(), Error> {
    let events: Vec<NewEvent> = changes.iter().map(Change::event).collect();
    events::append(tx, &events).await.map(|_| ())
}
