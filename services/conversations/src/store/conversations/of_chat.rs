//! The conversations of chats.

use pg::{Error, Tx};
use sqlx::Row;
use types::{AccountId, ChatId, ConnectionId};

use super::{columns, from_row};
use crate::domain::connection::Mode;
use crate::domain::conversation::Conversation;

/// A chat and thread whose conversation is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Account.
    pub account: AccountId,
    /// Chat.
    pub chat: ChatId,
    /// Mode of the connection: only MULTIPLE looks at the thread.
    pub mode: Mode,
    /// Thread.
    pub thread: &'a str,
}

/// The conversation that a message of a chat and thread could go to: the open one, else the newest closed one. The chat must
/// be locked by this transaction.
///
/// # Errors
/// When the database fails.
pub async fn current_of_chat(
    tx: &mut Tx,
    wanted: &Wanted<'_>,
) -> Result<Option<Conversation>, Error> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM conversations c WHERE c.account_id = $1 AND c.chat_id = $2 AND (NOT $3 OR c.thread = $4)
          ORDER BY c.life, c.number DESC LIMIT 1"
    ))
    .bind(wanted.account.uuid())
    .bind(wanted.chat.uuid())
    .bind(wanted.mode == Mode::Multiple)
    .bind(wanted.thread)
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(from_row).transpose()
}

/// A conversation as its channel sees it.
#[derive(Debug, Clone)]
pub struct OfChat {
    /// The conversation.
    pub conversation: Conversation,
    /// Messages for the client that the client has not read, at most 100.
    pub unread: i64,
}

/// The conversations of a chat that the channel names, the newest message first, at most 100.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.conversation.list_of_chat", skip_all, fields(connection.id = %connection), err)]
pub async fn list_of_chat(
    tx: &mut Tx,
    account: AccountId,
    connection: ConnectionId,
    external_chat_id: &str,
    closed_too: bool,
) -> Result<Vec<OfChat>, Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", (SELECT count(*) FROM (
                SELECT FROM messages m
                 WHERE m.account_id = c.account_id AND m.conversation_id = c.id AND m.seq > c.client_read_seq AND m.author <> 1
                 LIMIT 100) unread) AS unread
           FROM chats h JOIN conversations c ON c.account_id = h.account_id AND c.chat_id = h.id
          WHERE h.account_id = $1 AND h.connection_id = $2 AND h.external_id = $3 AND (c.life = 1 OR $4)
          ORDER BY c.last_seq DESC LIMIT 100"
    ))
    .bind(account.uuid())
    .bind(connection.uuid())
    .bind(external_chat_id)
    .bind(closed_too)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(OfChat {
                conversation: from_row(row)?,
                unread: row.try_get("unread")?,
            })
        })
        .collect()
}

/// Of each chat at most ten conversations: the open ones before the closed ones, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn newest_of_chats(
    tx: &mut Tx,
    account: AccountId,
    chats: &[ChatId],
) -> Result<Vec<Conversation>, Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM unnest($2::uuid[]) AS w (id)
          CROSS JOIN LATERAL (
                SELECT * FROM conversations r WHERE r.account_id = $1 AND r.chat_id = w.id
                 ORDER BY r.life, r.number DESC LIMIT 10) c
          ORDER BY c.chat_id, c.life, c.number DESC"
    ))
    .bind(account.uuid())
    .bind(chats.iter().map(|chat| chat.uuid()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(from_row).collect()
}
