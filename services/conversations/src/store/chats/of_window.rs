//! Chats as the chat window shows them.

use auth::AccountScope;
use pg::{Error, Tx};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use types::{ChatId, ConversationId};
use uuid::Uuid;

use crate::domain::window::{Block, WindowChat};

/// Chats, each with the conversation to show of it: the open one in which the client waits, else the one with the newest
/// message.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.chat.of_window", skip_all, fields(account.id = %scope.account()), err)]
pub async fn of_window(
    tx: &mut Tx,
    scope: AccountScope,
    chats: &[ChatId],
) -> Result<Vec<WindowChat>, Error> {
    let rows = sqlx::query(
        "SELECT h.id, h.connection_id, h.external_id, h.client_name, h.is_group,
                n.title AS connection_title, n.connector_key,
                c.id AS conversation, b.block_time, b.blocked_by, b.refused, b.refused_time
           FROM unnest($2::uuid[]) WITH ORDINALITY AS w (id, ord)
           JOIN chats h ON h.account_id = $1 AND h.id = w.id
           JOIN connections n ON n.account_id = h.account_id AND n.id = h.connection_id
           LEFT JOIN LATERAL (
                SELECT r.id FROM conversations r WHERE r.account_id = h.account_id AND r.chat_id = h.id
                 ORDER BY (CASE WHEN r.life = 1 AND r.answer = 1 THEN 1 ELSE 2 END), r.last_time DESC, r.id DESC LIMIT 1) c ON true
           LEFT JOIN black_list b
             ON b.account_id = h.account_id AND b.connector_key = n.connector_key AND b.external_id = h.external_id
          ORDER BY w.ord",
    )
    .bind(scope.account().uuid())
    .bind(chats.iter().map(|chat| chat.uuid()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &PgRow) -> Result<WindowChat, Error> {
    Ok(WindowChat {
        id: row.try_get::<Uuid, _>("id")?.into(),
        connection: row.try_get::<Uuid, _>("connection_id")?.into(),
        connection_title: row.try_get("connection_title")?,
        connector_key: row.try_get("connector_key")?,
        external_id: row.try_get("external_id")?,
        client_name: row.try_get("client_name")?,
        group: row.try_get("is_group")?,
        conversation: row
            .try_get::<Option<Uuid>, _>("conversation")?
            .map(ConversationId::from),
        block: block(row)?,
    })
}

fn block(row: &PgRow) -> Result<Option<Block>, Error> {
    let Some(since) = row.try_get::<Option<OffsetDateTime>, _>("block_time")? else {
        return Ok(None);
    };
    Ok(Some(Block {
        since,
        by: row
            .try_get::<Option<Uuid>, _>("blocked_by")?
            .map(Into::into),
        refused: row.try_get("refused")?,
        refused_time: row.try_get("refused_time")?,
    }))
}
