//! Messages.

use auth::AccountScope;
use pg::{Error, Tx};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use types::{AccountId, ConnectionId, ConversationId};
use uuid::Uuid;

use crate::domain::cart::Cart;
use crate::domain::message::{Author, Edit, Message};
use crate::store::attachments;
use crate::store::numbers::{corrupt, of_author, of_status, to_author, to_status};

/// The columns of a message.
macro_rules! columns {
    () => {
        "m.conversation_id, m.seq, m.id, m.author, m.author_name, m.author_user, m.text, m.unsupported_kind,
         m.external_event_id, m.sent_time, m.status, m.failure_text, m.create_time,
         m.edits, m.delete_time,
         CASE WHEN m.rich THEN (
              SELECT jsonb_agg(jsonb_build_object('id', a.id, 'kind', a.kind, 'file_name', a.file_name,
                         'media_type', a.media_type, 'size', a.size, 'duration_ms', a.duration_ms, 'width', a.width,
                         'height', a.height, 'state', a.state, 'failure', a.failure, 'has_preview', a.has_preview)
                     ORDER BY a.place)
                FROM attachments a WHERE a.account_id = m.account_id AND a.message_id = m.id) END AS attachments,
         CASE WHEN m.rich THEN (
              SELECT b.cart FROM carts b WHERE b.account_id = m.account_id AND b.message_id = m.id) END AS cart"
    };
}
pub(crate) use columns;

/// Stores new messages.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, messages: &[(AccountId, Message)]) -> Result<(), Error> {
    if messages.is_empty() {
        return Ok(());
    }
    let each = || messages.iter().map(|(_, message)| message);
    sqlx::query(
        "INSERT INTO messages (account_id, conversation_id, seq, id, author, author_name, author_user, text, unsupported_kind,
                external_event_id, sent_time, status, create_time, rich)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::smallint[], $6::text[], $7::uuid[],
                $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::smallint[], $13::timestamptz[], $14::boolean[])",
    )
    .bind(messages.iter().map(|(account, _)| account.uuid()).collect::<Vec<_>>())
    .bind(each().map(|m| m.conversation.uuid()).collect::<Vec<_>>())
    .bind(each().map(|m| m.seq).collect::<Vec<_>>())
    .bind(each().map(|m| m.id.uuid()).collect::<Vec<_>>())
    .bind(each().map(|m| of_author(m.author.kind)).collect::<Vec<_>>())
    .bind(each().map(|m| &m.author.name[..]).collect::<Vec<_>>())
    .bind(each().map(|m| m.author.user.map(|user| user.uuid())).collect::<Vec<_>>())
    .bind(each().map(|m| &m.text[..]).collect::<Vec<_>>())
    .bind(each().map(|m| &m.unsupported_kind[..]).collect::<Vec<_>>())
    .bind(each().map(|m| &m.external_event_id[..]).collect::<Vec<_>>())
    .bind(each().map(|m| m.sent_time).collect::<Vec<_>>())
    .bind(each().map(|m| of_status(m.status)).collect::<Vec<_>>())
    .bind(each().map(|m| m.create_time).collect::<Vec<_>>())
    .bind(each().map(Message::is_rich).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Up to `limit` messages of a conversation after a place, oldest first.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.message.list_after", skip_all, fields(conversation.id = %conversation), err)]
pub async fn list_after(
    tx: &mut Tx,
    scope: AccountScope,
    conversation: ConversationId,
    seq: i64,
    limit: i64,
) -> Result<Vec<Message>, Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM messages m WHERE m.account_id = $1 AND m.conversation_id = $2 AND m.seq > $3 ORDER BY m.seq LIMIT $4"
    ))
    .bind(scope.account().uuid())
    .bind(conversation.uuid())
    .bind(seq)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(from_row).collect()
}

/// Up to `limit` messages of a conversation before a place, oldest first.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.message.list_before", skip_all, fields(conversation.id = %conversation), err)]
pub async fn list_before(
    tx: &mut Tx,
    scope: AccountScope,
    conversation: ConversationId,
    seq: i64,
    limit: i64,
) -> Result<Vec<Message>, Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM messages m WHERE m.account_id = $1 AND m.conversation_id = $2 AND m.seq < $3 ORDER BY m.seq DESC LIMIT $4"
    ))
    .bind(scope.account().uuid())
    .bind(conversation.uuid())
    .bind(seq)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().rev().map(from_row).collect()
}

/// The messages at these places, as far as they are there, in no order.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.message.at", skip_all, fields(account.id = %scope.account()), err)]
pub async fn at(
    tx: &mut Tx,
    scope: AccountScope,
    places: &[(ConversationId, i64)],
) -> Result<Vec<Message>, Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM unnest($2::uuid[], $3::bigint[]) AS w (conversation_id, seq)
           JOIN messages m ON m.account_id = $1 AND m.conversation_id = w.conversation_id AND m.seq = w.seq"
    ))
    .bind(scope.account().uuid())
    .bind(places.iter().map(|(id, _)| id.uuid()).collect::<Vec<_>>())
    .bind(places.iter().map(|(_, seq)| *seq).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(from_row).collect()
}

/// The message at a place.
///
/// # Errors
/// When the database fails.
pub async fn of_place(
    tx: &mut Tx,
    account: AccountId,
    conversation: ConversationId,
    seq: i64,
) -> Result<Option<Message>, Error> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM messages m WHERE m.account_id = $1 AND m.conversation_id = $2 AND m.seq = $3"
    ))
    .bind(account.uuid())
    .bind(conversation.uuid())
    .bind(seq)
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(from_row).transpose()
}

/// Where in a chat, for channels that show the history themselves.
#[derive(Debug, Clone)]
pub struct ChatPage {
    /// Account of the connection.
    pub account: AccountId,
    /// Connection.
    pub connection: ConnectionId,
    /// The channel's id of the chat.
    pub external_chat_id: String,
    /// Only of this thread; empty means the whole chat.
    pub thread: String,
    /// Messages after a place, or the newest before one.
    pub position: Position,
    /// At most this many.
    pub limit: i64,
}

/// A direction from a place.
#[derive(Debug, Clone, Copy)]
pub enum Position {
    /// After it, oldest first.
    After(i64),
    /// The newest before it.
    Before(i64),
}

/// Messages of a chat with their threads, oldest first.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.message.list_of_chat", skip_all, fields(connection.id = %page.connection), err)]
pub async fn list_of_chat(tx: &mut Tx, page: &ChatPage) -> Result<Vec<(Message, String)>, Error> {
    let (statement, seq) = match page.position {
        Position::After(seq) => (OF_CHAT_AFTER, seq),
        Position::Before(seq) => (OF_CHAT_BEFORE, seq),
    };
    let rows = sqlx::query(statement)
        .bind(page.account.uuid())
        .bind(page.connection.uuid())
        .bind(&page.external_chat_id)
        .bind(&page.thread)
        .bind(seq)
        .bind(page.limit)
        .fetch_all(&mut **tx)
        .await?;
    let mut messages = rows
        .iter()
        .map(|row| Ok((from_row(row)?, row.try_get("thread")?)))
        .collect::<Result<Vec<_>, Error>>()?;
    messages.sort_by_key(|(message, _)| message.seq);
    Ok(messages)
}

/// Each conversation of the chat gives at most a page; the page is the nearest of them all.
macro_rules! of_chat {
    ($newer:literal, $order:literal) => {
        concat!(
            "SELECT c.thread, ",
            columns!(),
            " FROM chats h JOIN conversations c ON c.account_id = h.account_id AND c.chat_id = h.id
             CROSS JOIN LATERAL (
                   SELECT * FROM messages r
                    WHERE r.account_id = c.account_id AND r.conversation_id = c.id AND r.seq ",
            $newer,
            " $5 ORDER BY r.seq ",
            $order,
            " LIMIT $6) m
             WHERE h.account_id = $1 AND h.connection_id = $2 AND h.external_id = $3 AND ($4 = '' OR c.thread = $4)
             ORDER BY m.seq ",
            $order,
            " LIMIT $6"
        )
    };
}
const OF_CHAT_AFTER: &str = of_chat!(">", "ASC");
const OF_CHAT_BEFORE: &str = of_chat!("<", "DESC");

/// A row with all columns of a message.
///
/// # Errors
/// When the row holds what no version of this program wrote.
pub fn from_row(row: &PgRow) -> Result<Message, Error> {
    let id: Uuid = row.try_get("id")?;
    let bad = |column| corrupt("messages", column, id);
    Ok(Message {
        id: id.into(),
        conversation: row.try_get::<Uuid, _>("conversation_id")?.into(),
        seq: row.try_get("seq")?,
        author: Author {
            kind: to_author(row.try_get("author")?).ok_or_else(|| bad("author"))?,
            name: row.try_get("author_name")?,
            user: row
                .try_get::<Option<Uuid>, _>("author_user")?
                .map(Into::into),
        },
        text: row.try_get("text")?,
        unsupported_kind: row.try_get("unsupported_kind")?,
        external_event_id: row.try_get("external_event_id")?,
        sent_time: row.try_get("sent_time")?,
        status: to_status(row.try_get("status")?).ok_or_else(|| bad("status"))?,
        failure_text: row.try_get("failure_text")?,
        create_time: row.try_get("create_time")?,
        attachments: attachments::of_message(row, &bad)?,
        cart: row
            .try_get::<Option<Json<Cart>>, _>("cart")?
            .map(|Json(cart)| cart),
        edits: row
            .try_get::<Option<Json<Vec<Edit>>>, _>("edits")?
            .map(|Json(edits)| edits)
            .unwrap_or_default(),
        deleted: row.try_get("delete_time")?,
    })
}
