//! What happens in a channel besides messages: rare, so each in a transaction of its own.

use auth::AccountScope;
use pg::{Error, Tx};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use time::OffsetDateTime;
use types::{ChatId, ConnectionId, ConversationId, MessageId};
use uuid::Uuid;

use crate::domain::message::Message;

/// What an event of a channel became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Became {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its number.
    pub number: i64,
    /// The message.
    pub message: MessageId,
    /// The message's place in the chat.
    pub seq: i64,
    /// When.
    pub create_time: OffsetDateTime,
}

/// What an event became, if it came before.
///
/// # Errors
/// When the database fails.
pub async fn find(
    tx: &mut Tx,
    scope: AccountScope,
    connection: ConnectionId,
    event: &str,
) -> Result<Option<Became>, Error> {
    let row = sqlx::query(
        "SELECT conversation_id, number, message_id, seq, create_time FROM inbound_events
          WHERE account_id = $1 AND connection_id = $2 AND external_event_id = $3",
    )
    .bind(scope.account().uuid())
    .bind(connection.uuid())
    .bind(event)
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(from_row).transpose()
}

fn from_row(row: &PgRow) -> Result<Became, Error> {
    Ok(Became {
        conversation: row.try_get::<Uuid, _>("conversation_id")?.into(),
        number: row.try_get("number")?,
        message: row.try_get::<Uuid, _>("message_id")?.into(),
        seq: row.try_get("seq")?,
        create_time: row.try_get("create_time")?,
    })
}

/// Notes what an event became; a conflict when it is told twice at the same time.
///
/// # Errors
/// When the database fails.
pub async fn note(
    tx: &mut Tx,
    scope: AccountScope,
    connection: ConnectionId,
    event: &str,
    became: &Became,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO inbound_events (account_id, connection_id, external_event_id, conversation_id, number, message_id, seq,
                create_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(scope.account().uuid())
    .bind(connection.uuid())
    .bind(event)
    .bind(became.conversation.uuid())
    .bind(became.number)
    .bind(became.message.uuid())
    .bind(became.seq)
    .bind(became.create_time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores a message that the client has changed or deleted; its chat must be locked by this transaction. Files and baskets of a
/// deleted one are no longer anybody's: those that keep files delete them.
///
/// # Errors
/// When the database fails.
pub async fn store_message(
    tx: &mut Tx,
    scope: AccountScope,
    message: &Message,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE messages SET text = $4, unsupported_kind = $5, edits = $6, delete_time = $7, rich = rich AND $7 IS NULL
          WHERE account_id = $1 AND conversation_id = $2 AND seq = $3",
    )
    .bind(scope.account().uuid())
    .bind(message.conversation.uuid())
    .bind(message.seq)
    .bind(&message.text)
    .bind(&message.unsupported_kind)
    .bind((!message.edits.is_empty()).then_some(Json(&message.edits)))
    .bind(message.deleted)
    .execute(&mut **tx)
    .await?;
    if message.deleted.is_some() {
        for statement in [
            "UPDATE attachments SET message_id = NULL, conversation_id = NULL, seq = NULL WHERE account_id = $1 AND message_id = $2",
            "DELETE FROM carts WHERE account_id = $1 AND message_id = $2",
        ] {
            sqlx::query(statement)
                .bind(scope.account().uuid())
                .bind(message.id.uuid())
                .execute(&mut **tx)
                .await?;
        }
    }
    Ok(())
}

/// Says since when a client cannot be written to; false when that was so before.
///
/// # Errors
/// When the database fails.
pub async fn set_unreachable(
    tx: &mut Tx,
    scope: AccountScope,
    chat: ChatId,
    since: Option<OffsetDateTime>,
) -> Result<bool, Error> {
    let changed = sqlx::query(
        "UPDATE chats SET unreachable_time = $3
          WHERE account_id = $1 AND id = $2 AND (unreachable_time IS NULL) = ($3 IS NOT NULL)",
    )
    .bind(scope.account().uuid())
    .bind(chat.uuid())
    .bind(since)
    .execute(&mut **tx)
    .await?;
    Ok(changed.rows_affected() > 0)
}

/// Gives a chat and its conversation another name.
///
/// # Errors
/// When the database fails.
pub async fn rename(
    tx: &mut Tx,
    scope: AccountScope,
    chat: ChatId,
    conversation: ConversationId,
    title: &str,
) -> Result<(), Error> {
    sqlx::query("UPDATE chats SET client_name = $3 WHERE account_id = $1 AND id = $2")
        .bind(scope.account().uuid())
        .bind(chat.uuid())
        .bind(title)
        .execute(&mut **tx)
        .await?;
    sqlx::query(
        "UPDATE conversations SET title = $3, version = version + 1 WHERE account_id = $1 AND id = $2",
    )
    .bind(scope.account().uuid())
    .bind(conversation.uuid())
    .bind(title)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives a chat another id of the channel; what waits to be sent goes there.
///
/// # Errors
/// A conflict with `chats_external_id` when another chat has it.
pub async fn move_to(
    tx: &mut Tx,
    scope: AccountScope,
    chat: ChatId,
    to: &str,
) -> Result<(), Error> {
    for statement in [
        "UPDATE chats SET external_id = $3 WHERE account_id = $1 AND id = $2",
        "UPDATE attachments a SET external_chat_id = $3 FROM deliveries d
          WHERE d.account_id = $1 AND d.chat_id = $2 AND NOT d.done AND a.account_id = d.account_id AND a.message_id = d.message_id",
        "UPDATE deliveries SET external_chat_id = $3 WHERE account_id = $1 AND chat_id = $2 AND NOT done",
    ] {
        sqlx::query(statement)
            .bind(scope.account().uuid())
            .bind(chat.uuid())
            .bind(to)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
