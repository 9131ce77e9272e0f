//! What can go wrong here, and how it is told.

use kit::Refusal;
use types::{ChatId, ConnectionId, ConversationId};

/// Why an operation on a conversation is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not exist for the caller.
    #[error("conversation {0} not found")]
    NotFound(ConversationId),
    /// The chat does not exist for the caller.
    #[error("chat {0} not found")]
    ChatNotFound(ChatId),
    /// It is closed.
    #[error("conversation {0} is closed")]
    Closed(ConversationId),
    /// The chat has an open one.
    #[error("conversation {0} is open")]
    AlreadyOpen(ConversationId),
    /// Its messages may not be read or written.
    #[error("conversation {0} shows no messages")]
    Unreadable(ConversationId),
    /// It changed meanwhile.
    #[error("the conversation changed")]
    Changed,
    /// The connection is switched off.
    #[error("connection {0} is off")]
    ConnectionDisabled(ConnectionId),
    /// Refused for a reason that is not this service's.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database.
    #[error(transparent)]
    Store(#[from] pg::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(id) => Self::conversation_not_found(id),
            Error::ChatNotFound(id) => Self::chat_not_found(id),
            Error::Closed(id) => Self::conversation_closed(id),
            Error::AlreadyOpen(id) => Self::conversation_already_open(id),
            Error::Unreadable(_) => Self::permission_missing("conversation.read_messages"),
            Error::Changed => Self::etag_mismatch(),
            Error::ConnectionDisabled(id) => Self::connection_disabled(id),
            Error::Refused(refusal) => refusal,
            Error::Store(error) => error.into(),
        }
    }
}
