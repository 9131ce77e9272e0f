//! Messages of employees that are still to be told in the timelines of crm's cards.

use pg::{Error, Tx};
use sqlx::Row;
use time::OffsetDateTime;
use types::{AccountId, ConversationId, MessageId};
use uuid::Uuid;

use crate::domain::message::Message;

/// A message to tell, under a lease.
#[derive(Debug, Clone)]
pub struct Due {
    /// Account.
    pub account: AccountId,
    /// The message.
    pub message: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Whom crm names: "user_…", or empty for a bot.
    pub author_id: String,
    /// The same for people.
    pub author_name: String,
    /// When it was written.
    pub create_time: OffsetDateTime,
}

/// Notes a message of an employee, where its conversation has a card that a client belongs to; `bot` is named as the author if it is not
/// empty. Groups have no client.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.crm_feed.insert", skip_all, fields(message.id = %message.id), err)]
pub async fn insert(
    tx: &mut Tx,
    account: AccountId,
    message: &Message,
    bot: &str,
) -> Result<(), Error> {
    let Some(user) = message.author.user else {
        return Ok(());
    };
    let (id, name) = match bot {
        "" => (user.to_string(), &message.author.name[..]),
        bot => (String::new(), bot),
    };
    sqlx::query(
        "INSERT INTO crm_feed (account_id, message_id, conversation_id, author_id, author_name, create_time, not_before)
         SELECT c.account_id, $3, c.id, $4, $5, $6, $6 FROM conversations c
          WHERE c.account_id = $1 AND c.id = $2 AND NOT c.is_group AND coalesce(c.card_id, c.contact_id) IS NOT NULL",
    )
    .bind(account.uuid())
    .bind(message.conversation.uuid())
    .bind(message.id.uuid())
    .bind(id)
    .bind(name)
    .bind(message.create_time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes up to `limit` messages that are due. Each is due again after a pause that grows with its tries, unless it is done by then.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(level = "debug", name = "db.crm_feed.claim", skip_all, err)]
pub async fn claim(tx: &mut Tx, now: OffsetDateTime, limit: i64) -> Result<Vec<Due>, Error> {
    let rows = sqlx::query(
        "WITH due AS (
             SELECT account_id, message_id FROM crm_feed WHERE not_before <= $1
              ORDER BY not_before LIMIT $2 FOR UPDATE SKIP LOCKED)
         UPDATE crm_feed f
            SET attempt = f.attempt + 1, not_before = $1 + least(f.attempt + 1, 20) * interval '30 seconds'
           FROM due WHERE f.account_id = due.account_id AND f.message_id = due.message_id
         RETURNING f.account_id, f.message_id, f.conversation_id, f.author_id, f.author_name, f.create_time",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Due {
                account: row.try_get::<Uuid, _>("account_id")?.into(),
                message: row.try_get::<Uuid, _>("message_id")?.into(),
                conversation: row.try_get::<Uuid, _>("conversation_id")?.into(),
                author_id: row.try_get("author_id")?,
                author_name: row.try_get("author_name")?,
                create_time: row.try_get("create_time")?,
            })
        })
        .collect()
}

/// Takes messages off the list.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(level = "debug", name = "db.crm_feed.done", skip_all, err)]
pub async fn done(tx: &mut Tx, messages: &[(AccountId, MessageId)]) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM crm_feed f USING unnest($1::uuid[], $2::uuid[]) AS w (account_id, message_id)
          WHERE f.account_id = w.account_id AND f.message_id = w.message_id",
    )
    .bind(
        messages
            .iter()
            .map(|(account, _)| account.uuid())
            .collect::<Vec<_>>(),
    )
    .bind(
        messages
            .iter()
            .map(|(_, message)| message.uuid())
            .collect::<Vec<_>>(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
