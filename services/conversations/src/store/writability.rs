//! What decides whether something may be written in chats.

use std::collections::HashMap;

use auth::AccountScope;
use pg::{Error, Tx};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use types::ChatId;
use uuid::Uuid;

use crate::domain::writability::{Dialogue, Facts, Templates};

/// What is known of a chat; the rest of [`Facts`] is not the chat's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfChat {
    is_blocked: bool,
    is_enabled: bool,
    is_erased: bool,
    is_unreachable: bool,
    window: i32,
    client_time: Option<OffsetDateTime>,
    templates: Templates,
}

impl OfChat {
    /// All that decides, at this moment.
    #[must_use]
    pub fn facts(&self, now: OffsetDateTime, has_subscription: bool, is_closed: bool) -> Facts {
        Facts {
            is_closed,
            is_blocked: self.is_blocked,
            has_subscription,
            is_enabled: self.is_enabled,
            is_erased: self.is_erased,
            is_unreachable: self.is_unreachable,
            dialogue: Dialogue::at(now, self.window, self.client_time),
            templates: self.templates,
        }
    }
}

/// What is known of chats.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.chat.writability", skip_all, fields(account.id = %scope.account()), err)]
pub async fn of_chats(
    tx: &mut Tx,
    scope: AccountScope,
    chats: &[ChatId],
) -> Result<HashMap<ChatId, OfChat>, Error> {
    let rows = sqlx::query(
        "SELECT h.id, h.client_time, c.enabled, b.account_id IS NOT NULL AS is_blocked,
                h.erase_time IS NOT NULL AND coalesce(h.client_time <= h.erase_time, true) AS is_erased,
                h.unreachable_time IS NOT NULL AS is_unreachable,
                coalesce((SELECT k.reply_window_seconds FROM connectors k
                           WHERE k.account_id IN ($1, '00000000-0000-0000-0000-000000000000') AND k.connector_key = c.connector_key
                           ORDER BY k.account_id DESC LIMIT 1), 0) AS reply_window,
                (SELECT bool_or(t.paid) FROM templates t
                  WHERE t.account_id = h.account_id AND t.connection_id = h.connection_id AND t.approved) AS paid
           FROM unnest($2::uuid[]) AS w (id)
           JOIN chats h ON h.account_id = $1 AND h.id = w.id
           JOIN connections c ON c.account_id = h.account_id AND c.id = h.connection_id
           LEFT JOIN black_list b
             ON b.account_id = h.account_id AND b.connector_key = c.connector_key AND b.external_id = h.external_id",
    )
    .bind(scope.account().uuid())
    .bind(chats.iter().map(|chat| chat.uuid()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get::<Uuid, _>("id")?.into(), from_row(row)?)))
        .collect()
}

fn from_row(row: &PgRow) -> Result<OfChat, Error> {
    Ok(OfChat {
        is_blocked: row.try_get("is_blocked")?,
        is_enabled: row.try_get("enabled")?,
        is_erased: row.try_get("is_erased")?,
        is_unreachable: row.try_get("is_unreachable")?,
        window: row.try_get("reply_window")?,
        client_time: row.try_get("client_time")?,
        templates: match row.try_get("paid")? {
            None => Templates::None,
            Some(false) => Templates::Unpaid,
            Some(true) => Templates::Paid,
        },
    })
}
