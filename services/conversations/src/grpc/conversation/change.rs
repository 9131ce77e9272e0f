//! What every change of a conversation does alike: lock the chat, look again, write, tell.

use access::Viewer;
use api::conversations::v1::ChangeKind;
use auth::AccountScope;
use pg::Tx;
use types::ConversationId;

use super::get::visible;
use super::status::Error;
use crate::changes::{self, Change};
use crate::domain::conversation::Conversation;
use crate::domain::message::Message;
use crate::store::chats::{self, LockedChat};
use crate::store::conversations;

/// Who changes what.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The caller's account.
    pub scope: AccountScope,
    /// As whom the caller looks.
    pub viewer: Viewer,
    /// The conversation.
    pub id: ConversationId,
}

/// Locks the conversation's chat and reads the conversation as it is then.
pub async fn lock(tx: &mut Tx, target: Target) -> Result<(LockedChat, Conversation), Error> {
    let Target { scope, viewer, id } = target;
    let chat = visible(tx, scope, viewer, id).await?.chat;
    let chat = chats::lock(tx, scope, chat)
        .await?
        .ok_or(Error::NotFound(id))?;
    let conversation = conversations::get(tx, scope, id)
        .await?
        .ok_or(Error::NotFound(id))?;
    if !viewer.sees().shows_messages() {
        return Err(Error::Unreadable(id));
    }
    Ok((chat, conversation))
}

/// Writes the changed conversation and tells of it: the last act of the transaction.
pub async fn finish(
    tx: &mut Tx,
    kind: ChangeKind,
    chat: &LockedChat,
    conversation: &Conversation,
    message: Option<Message>,
) -> Result<Change, Error> {
    conversations::update(tx, conversation).await?;
    tell(tx, kind, chat, conversation, message).await
}

/// Tells of a change whose rows are written: the last act of the transaction.
pub async fn tell(
    tx: &mut Tx,
    kind: ChangeKind,
    chat: &LockedChat,
    conversation: &Conversation,
    message: Option<Message>,
) -> Result<Change, Error> {
    let change = Change {
        kind,
        conversation: conversation.clone(),
        message,
        external_chat_id: chat.external_id.clone(),
        facts: Vec::new(),
    };
    changes::append(tx, std::slice::from_ref(&change)).await?;
    Ok(change)
}
