//! What every change of a conversation does alike: lock the chat, look again, write, tell.

use api::conversations::v1::ChangeKind;
use pg::Tx;
use types::ConversationId;

use super::get::readable;
use super::status::Error;
use crate::changes::{self, Change};
use crate::domain::card::Sight;
use crate::domain::conversation::Conversation;
use crate::domain::message::Message;
use crate::grpc::By;
use crate::store::chats::{self, LockedChat};
use crate::store::{conversations, participants};

/// A conversation whose chat this transaction has locked, as one sees it who may read and write its messages.
#[derive(Debug)]
pub struct Locked {
    /// The chat.
    pub chat: LockedChat,
    /// The conversation as it is under the lock.
    pub conversation: Conversation,
    /// What the caller sees of it.
    pub sight: Sight,
}

/// Locks the conversation's chat and reads the conversation as it is then.
pub async fn lock(tx: &mut Tx, by: &By, id: ConversationId) -> Result<Locked, Error> {
    let (conversation, sight) = readable(tx, by, id).await?;
    let chat = chats::lock(tx, by.scope, conversation.chat)
        .await?
        .ok_or(Error::NotFound(id))?;
    let conversation = conversations::get(tx, by.scope, id)
        .await?
        .ok_or(Error::NotFound(id))?;
    Ok(Locked {
        chat,
        conversation,
        sight,
    })
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
    let change = of(kind, chat, conversation, message);
    append(tx, std::slice::from_ref(&change)).await?;
    Ok(change)
}

/// A change of a conversation as it is now.
pub fn of(
    kind: ChangeKind,
    chat: &LockedChat,
    conversation: &Conversation,
    message: Option<Message>,
) -> Change {
    Change {
        kind,
        conversation: conversation.clone(),
        message,
        external_chat_id: chat.external_id.clone(),
        facts: Vec::new(),
        previous: None,
        silent: false,
    }
}

/// Keeps whose work the changes are, and tells of them: the last act of the transaction.
pub async fn append(tx: &mut Tx, changes: &[Change]) -> Result<(), Error> {
    for change in changes {
        if let Some(user) = change.worker() {
            let conversation = &change.conversation;
            participants::add(tx, conversation.account, conversation.id, user).await?;
        }
    }
    Ok(changes::append(tx, changes).await?)
}
