//! Clients from whom nothing is received and to whom nothing is sent, by channel.

use auth::AccountScope;
use pg::{Error, Tx};
use sqlx::Row;
use time::OffsetDateTime;
use types::{ChatId, ConversationId, UserId};
use uuid::Uuid;

/// A client as a channel knows them: every private chat of theirs with the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The channel.
    pub connector_key: String,
    /// The channel's ids of the client.
    pub external_ids: Vec<String>,
}

/// The client of a chat: whom the channel calls so, and whoever else there has the same contact card.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.black_list.person", skip_all, fields(chat.id = %chat), err)]
pub async fn person(
    tx: &mut Tx,
    scope: AccountScope,
    chat: ChatId,
) -> Result<Option<Person>, Error> {
    let row = sqlx::query(
        "SELECT c.connector_key, h.external_id,
                array(SELECT o.external_id FROM chats o
                        JOIN connections oc ON oc.account_id = o.account_id AND oc.id = o.connection_id
                       WHERE o.account_id = h.account_id AND o.contact_id = h.contact_id
                         AND oc.connector_key = c.connector_key) AS others
           FROM chats h JOIN connections c ON c.account_id = h.account_id AND c.id = h.connection_id
          WHERE h.account_id = $1 AND h.id = $2",
    )
    .bind(scope.account().uuid())
    .bind(chat.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut external_ids: Vec<String> = row.try_get("others")?;
    external_ids.push(row.try_get("external_id")?);
    external_ids.sort_unstable();
    external_ids.dedup();
    Ok(Some(Person {
        connector_key: row.try_get("connector_key")?,
        external_ids,
    }))
}

/// Locks the client's chats and moves their rows: a batch of messages that was decided before looks again, and finds the client
/// blocked or not as it is now.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.black_list.lock", skip_all, err)]
pub async fn lock(
    tx: &mut Tx,
    scope: AccountScope,
    person: &Person,
) -> Result<Vec<(ChatId, String)>, Error> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "WITH own AS MATERIALIZED (
             SELECT o.id, o.external_id FROM chats o
               JOIN connections oc ON oc.account_id = o.account_id AND oc.id = o.connection_id
              WHERE o.account_id = $1 AND o.external_id = ANY ($3) AND oc.connector_key = $2
              ORDER BY o.connection_id, o.external_id
                FOR UPDATE OF o
         )
         UPDATE chats h SET last_seq = h.last_seq FROM own
          WHERE h.account_id = $1 AND h.id = own.id
         RETURNING h.id, h.external_id",
    )
    .bind(scope.account().uuid())
    .bind(&person.connector_key)
    .bind(&person.external_ids)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, external)| (id.into(), external))
        .collect())
}

/// Puts a client on the list; false when they were on it.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.black_list.add", skip_all, err)]
pub async fn add(
    tx: &mut Tx,
    scope: AccountScope,
    person: &Person,
    by: Option<UserId>,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let added = sqlx::query(
        "INSERT INTO black_list (account_id, connector_key, external_id, blocked_by, block_time)
         SELECT $1, $2, unnest($3::text[]), $4, $5
         ON CONFLICT (account_id, connector_key, external_id) DO NOTHING",
    )
    .bind(scope.account().uuid())
    .bind(&person.connector_key)
    .bind(&person.external_ids)
    .bind(by.map(UserId::uuid))
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(added.rows_affected() > 0)
}

/// Takes a client off the list; false when they were not on it.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.black_list.remove", skip_all, err)]
pub async fn remove(tx: &mut Tx, scope: AccountScope, person: &Person) -> Result<bool, Error> {
    let removed = sqlx::query(
        "DELETE FROM black_list WHERE account_id = $1 AND connector_key = $2 AND external_id = ANY ($3)",
    )
    .bind(scope.account().uuid())
    .bind(&person.connector_key)
    .bind(&person.external_ids)
    .execute(&mut **tx)
    .await?;
    Ok(removed.rows_affected() > 0)
}

/// The open conversations of chats.
///
/// # Errors
/// When the database fails.
pub async fn open_conversations(
    tx: &mut Tx,
    scope: AccountScope,
    chats: &[ChatId],
) -> Result<Vec<ConversationId>, Error> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "SELECT c.id FROM conversations c WHERE c.account_id = $1 AND c.chat_id = ANY ($2) AND c.life = 1",
    )
    .bind(scope.account().uuid())
    .bind(chats.iter().map(|chat| chat.uuid()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids.into_iter().map(Into::into).collect())
}
