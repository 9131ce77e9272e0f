//! Conversations.

mod list;
mod of_chat;
mod row;
mod write;

pub use list::{Key, Rows, read};
pub use of_chat::{OfChat, Wanted, current_of_chat, list_of_chat, newest_of_chats};
pub use row::from_row;
pub(crate) use write::Columns;
pub use write::{insert, update};

use auth::AccountScope;
use pg::{Error, Tx};
use types::{AccountId, ConversationId};

use crate::domain::conversation::Conversation;

/// The columns of a conversation, in the order that [`from_row`] does not depend on. A macro, so that statements stay
/// static text.
macro_rules! columns {
    () => {
        "c.account_id, c.id, c.number, c.chat_id, c.connection_id, c.connector_key, c.thread, c.title, c.life, c.answer,
         c.last_seq, c.last_message_id, c.last_author, c.last_author_name, c.last_author_user, c.last_text, c.last_time,
         c.client_read_seq, c.close_time, c.closed_by, c.closed_user, c.version, c.create_time, c.update_time,
         c.is_group"
    };
}
pub(crate) use columns;

/// One conversation.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.conversation.get", skip_all, fields(conversation.id = %id), err)]
pub async fn get(
    tx: &mut Tx,
    scope: AccountScope,
    id: ConversationId,
) -> Result<Option<Conversation>, Error> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM conversations c WHERE c.account_id = $1 AND c.id = $2"
    ))
    .bind(scope.account().uuid())
    .bind(id.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(from_row).transpose()
}

/// Conversations of an account, in no order.
///
/// # Errors
/// When the database fails.
pub async fn all(
    tx: &mut Tx,
    account: AccountId,
    ids: &[ConversationId],
) -> Result<Vec<Conversation>, Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM conversations c WHERE c.account_id = $1 AND c.id = ANY ($2)"
    ))
    .bind(account.uuid())
    .bind(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(from_row).collect()
}
