//! The conversations of chats.

use pg::{Error, Tx};
use sqlx::Row;
use types::{AccountId, ChatId, ConnectionId};

use super::{columns, from_row};
use crate::domain::connection::Mode;
use crate::domain::conversation::Conversation;
use crate::store::numbers::of_mode;

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

/// For each chat and thread the conversation that a message could go to: the open one, else the newest closed one. The
/// answers are in the order of the questions. The chats must be locked by this transaction.
///
/// # Errors
/// When the database fails.
pub async fn current_of_chat(
    tx: &mut Tx,
    wanted: &[Wanted<'_>],
) -> Result<Vec<Option<Conversation>>, Error> {
    let mut found: Vec<Option<Conversation>> = vec![None; wanted.len()];
    if wanted.is_empty() {
        return Ok(found);
    }
    let rows = sqlx::query(concat!(
        "SELECT w.ord, ",
        columns!(),
        " FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::text[]) WITH ORDINALITY AS w (account_id, chat_id, threaded, thread, ord)
         CROSS JOIN LATERAL (
               SELECT * FROM conversations r
                WHERE r.account_id = w.account_id AND r.chat_id = w.chat_id AND (NOT w.threaded OR r.thread = w.thread)
                ORDER BY r.life, r.number DESC LIMIT 1) c"
    ))
    .bind(wanted.iter().map(|w| w.account.uuid()).collect::<Vec<_>>())
    .bind(wanted.iter().map(|w| w.chat.uuid()).collect::<Vec<_>>())
    .bind(wanted.iter().map(|w| of_mode(w.mode) == of_mode(Mode::Multiple)).collect::<Vec<_>>())
    .bind(wanted.iter().map(|w| w.thread).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    for row in &rows {
        let place = usize::try_from(row.try_get::<i64, _>("ord")? - 1).unwrap_or(usize::MAX);
        if let Some(slot) = found.get_mut(place) {
            *slot = Some(from_row(row)?);
        }
    }
    Ok(found)
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
