//! Chats. The row of a chat is the lock of everything in it.

mod ids;
mod of_contact;
mod of_window;

pub use ids::resolve;
pub use of_contact::{entries, of_contact};
pub use of_window::of_window;

use auth::AccountScope;
use pg::{Error, Tx};
use sqlx::Row;
use types::{AccountId, ChatId, ConnectionId, ContactId, ConversationId};
use uuid::Uuid;

/// A chat whose row this transaction has locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedChat {
    /// Its id.
    pub id: ChatId,
    /// Its connection.
    pub connection: ConnectionId,
    /// The channel's id of it.
    pub external_id: String,
    /// The client's name.
    pub client_name: String,
    /// Place of the newest message.
    pub last_seq: i64,
    /// Several people write in it.
    pub group: bool,
}

/// Locks a chat.
///
/// # Errors
/// When the database fails.
pub async fn lock(
    tx: &mut Tx,
    scope: AccountScope,
    chat: ChatId,
) -> Result<Option<LockedChat>, Error> {
    let row = sqlx::query(
        "SELECT id, connection_id, external_id, client_name, last_seq, is_group FROM chats WHERE account_id = $1 AND id = $2 FOR UPDATE",
    )
    .bind(scope.account().uuid())
    .bind(chat.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| {
        Ok(LockedChat {
            id: row.try_get::<Uuid, _>("id")?.into(),
            connection: row.try_get::<Uuid, _>("connection_id")?.into(),
            external_id: row.try_get("external_id")?,
            client_name: row.try_get("client_name")?,
            last_seq: row.try_get("last_seq")?,
            group: row.try_get("is_group")?,
        })
    })
    .transpose()
}

/// Locks the chat of a conversation; the channel's id of it.
///
/// # Errors
/// When the database fails.
pub async fn lock_of_conversation(
    tx: &mut Tx,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT h.external_id FROM conversations c JOIN chats h ON h.account_id = c.account_id AND h.id = c.chat_id
          WHERE c.account_id = $1 AND c.id = $2 FOR UPDATE OF h",
    )
    .bind(account.uuid())
    .bind(conversation.uuid())
    .fetch_optional(&mut **tx)
    .await?)
}

/// The chat with this id of the channel, or with this further id, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn find(
    tx: &mut Tx,
    scope: AccountScope,
    connection: ConnectionId,
    external_id: &str,
) -> Result<Option<ChatId>, Error> {
    let id: Option<Uuid> = sqlx::query_scalar(
        "SELECT coalesce(
                (SELECT id FROM chats WHERE account_id = $1 AND connection_id = $2 AND external_id = $3),
                (SELECT h.id FROM chat_ids i
                   JOIN chats h ON h.account_id = i.account_id AND h.connection_id = i.connection_id AND h.external_id = i.external_id
                  WHERE i.account_id = $1 AND i.connection_id = $2 AND i.id = $3))",
    )
    .bind(scope.account().uuid())
    .bind(connection.uuid())
    .bind(external_id)
    .fetch_one(&mut **tx)
    .await?;
    Ok(id.map(ChatId::from))
}

/// A chat in which nobody has written yet.
#[derive(Debug, Clone)]
pub struct NewChat {
    /// Its id.
    pub id: ChatId,
    /// Its connection.
    pub connection: ConnectionId,
    /// The channel's id of it.
    pub external_id: String,
    /// The client's name.
    pub client_name: String,
    /// Whose contact it is.
    pub contact: ContactId,
}

/// Stores it; false when there is one with this id of the channel.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, scope: AccountScope, chat: &NewChat) -> Result<bool, Error> {
    let inserted = sqlx::query(
        "INSERT INTO chats (account_id, id, connection_id, external_id, client_name, last_seq, contact_id)
         VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT ON CONSTRAINT chats_external_id DO NOTHING",
    )
    .bind(scope.account().uuid())
    .bind(chat.id.uuid())
    .bind(chat.connection.uuid())
    .bind(&chat.external_id)
    .bind(&chat.client_name)
    .bind(chat.contact.uuid())
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Takes the next place in a locked chat.
///
/// # Errors
/// When the database fails.
pub async fn next_seq(tx: &mut Tx, scope: AccountScope, chat: ChatId) -> Result<i64, Error> {
    Ok(sqlx::query_scalar("UPDATE chats SET last_seq = last_seq + 1 WHERE account_id = $1 AND id = $2 RETURNING last_seq")
        .bind(scope.account().uuid())
        .bind(chat.uuid())
        .fetch_one(&mut **tx)
        .await?)
}
