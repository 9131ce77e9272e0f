//! What can go wrong here, and how it is told.

use access::UnknownUser;
use kit::Refusal;
use types::{AttachmentId, ChatId, ContactId, ConversationId, CustomerId, DealId, UserId};

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
    /// The chat's messages may not be read or written.
    #[error("the chat shows no messages")]
    ChatUnreadable,
    /// A contact does not exist for the caller.
    #[error("contact {0} not found")]
    ContactNotFound(ContactId),
    /// A deal does not exist for the caller.
    #[error("deal {0} not found")]
    DealNotFound(DealId),
    /// A customer does not exist for the caller.
    #[error("customer {0} not found")]
    CustomerNotFound(CustomerId),
    /// The account has no such employee.
    #[error("no user {0}")]
    UserNotFound(UserId),
    /// It changed meanwhile.
    #[error("the conversation changed")]
    Changed,
    /// A file does not exist for the caller.
    #[error("attachment {0} not found")]
    AttachmentNotFound(AttachmentId),
    /// A file was sent before.
    #[error("attachment {0} was sent before")]
    AttachmentUsed(AttachmentId),
    /// The channel cannot carry a file.
    #[error("attachment {0} cannot be carried")]
    AttachmentNotSupported(AttachmentId),
    /// Refused for a reason that is not this service's.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database.
    #[error(transparent)]
    Store(#[from] pg::Error),
}

impl From<UnknownUser> for Error {
    fn from(UnknownUser(user): UnknownUser) -> Self {
        Self::UserNotFound(user)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(id) => Self::conversation_not_found(id),
            Error::ChatNotFound(id) => Self::chat_not_found(id),
            Error::Closed(id) => Self::conversation_closed(id),
            Error::AlreadyOpen(id) => Self::conversation_already_open(id),
            Error::ContactNotFound(id) => Self::contact_not_found(id),
            Error::DealNotFound(id) => Self::deal_not_found(id),
            Error::CustomerNotFound(id) => Self::customer_not_found(id),
            Error::Unreadable(_) | Error::ChatUnreadable => {
                Self::permission_missing("conversation.read_messages")
            }
            Error::UserNotFound(id) => Self::user_not_found(id),
            Error::Changed => Self::etag_mismatch(),
            Error::AttachmentNotFound(id) => Self::attachment_not_found(id),
            Error::AttachmentUsed(id) => Self::attachment_used(id),
            Error::AttachmentNotSupported(id) => Self::attachment_not_supported(id),
            Error::Refused(refusal) => refusal,
            Error::Store(error) => error.into(),
        }
    }
}
