//! The index of an account made anew from its messages.
//!
//! A rebuild takes the next epoch, so that nothing of the index before it is looked into any more, and leaves places free for all
//! messages that are there: it fills them from the newest down, while the feed puts what comes meanwhile above them. Each step is a
//! transaction of its own that locks the account's index, as the feed does, and goes on only while no later rebuild has begun. Killed
//! anywhere, a rebuild leaves an index that says of itself that it is not whole; the next one begins anew.

use pg::{Error, Tx};
use sqlx::Row;
use time::OffsetDateTime;
use types::{AccountId, ConversationId};
use uuid::Uuid;

use super::feed::{self, Entry};
use super::{At, BLOCK};
use crate::domain::search::{fold, vector};

/// A rebuild that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuild {
    /// Of which account.
    pub account: AccountId,
    /// Its epoch.
    pub epoch: i32,
    /// The place of the newest message; all others lie below it.
    pub top: i64,
}

/// A message to index, and when it was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Where it stands.
    pub at: At,
    /// When it was stored.
    pub stored: OffsetDateTime,
}

/// Accounts that have conversations, after one in the order of their ids, at most a hundred.
///
/// # Errors
/// When the database fails.
pub async fn accounts(tx: &mut Tx, after: Option<AccountId>) -> Result<Vec<AccountId>, Error> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "SELECT account_id FROM account_numbers WHERE account_id > $1 ORDER BY account_id LIMIT 100",
    )
    .bind(after.map_or(Uuid::nil(), AccountId::uuid))
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// Begins a rebuild. Each chat counts its messages: their sum, and a block for those that come before the messages are read, leaves
/// a place for each.
///
/// # Errors
/// When the database fails.
pub async fn begin(tx: &mut Tx, account: AccountId) -> Result<Rebuild, Error> {
    let (epoch, top) = sqlx::query_as(
        "INSERT INTO search_states AS s (account_id, epoch, last_place, rebuilding)
         SELECT $1, 1, coalesce(sum(last_seq), 0)::bigint + $2, true FROM chats WHERE account_id = $1
         ON CONFLICT (account_id) DO UPDATE
            SET epoch = s.epoch + 1, last_place = excluded.last_place, rebuilding = true
         RETURNING epoch, last_place",
    )
    .bind(account.uuid())
    .bind(BLOCK)
    .fetch_one(&mut **tx)
    .await?;
    Ok(Rebuild {
        account,
        epoch,
        top,
    })
}

/// Messages of an account after one, in the order of conversations, at most `limit`. Read after [`begin`], they are all that the
/// feed does not bring: what is stored later is fed into the new epoch.
///
/// # Errors
/// When the database fails.
pub async fn keys(
    tx: &mut Tx,
    account: AccountId,
    after: Option<&Key>,
    limit: i64,
) -> Result<Vec<Key>, Error> {
    let (conversation, seq) = after.map_or((Uuid::nil(), 0), |key| {
        (key.at.conversation.uuid(), key.at.seq)
    });
    let rows = sqlx::query(
        "SELECT conversation_id, seq, id, create_time FROM messages
          WHERE account_id = $1 AND (conversation_id, seq) > ($2, $3)
          ORDER BY conversation_id, seq LIMIT $4",
    )
    .bind(account.uuid())
    .bind(conversation)
    .bind(seq)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| {
            let at = At {
                account,
                conversation: ConversationId::from(row.try_get::<Uuid, _>("conversation_id")?),
                seq: row.try_get("seq")?,
                message: row.try_get::<Uuid, _>("id")?.into(),
            };
            let stored = row.try_get("create_time")?;
            Ok(Key { at, stored })
        })
        .collect()
}

/// Indexes messages as they are now, the first at `place` and each further one below the one before. Those that the feed has brought
/// meanwhile keep the place it gave them. False when a later rebuild has begun.
///
/// # Errors
/// When the database fails.
pub async fn write(tx: &mut Tx, rebuild: Rebuild, keys: &[Key], place: i64) -> Result<bool, Error> {
    if !goes_on(tx, rebuild).await? {
        return Ok(false);
    }
    let messages: Vec<At> = keys.iter().map(|key| key.at).collect();
    let mut known = feed::known(tx, &messages).await?;
    let mut entries = Vec::with_capacity(keys.len());
    for (at, below) in messages.iter().zip(0..) {
        let Some(known) = known.remove(&at.message) else {
            continue;
        };
        let fed = known.indexed.is_some_and(|it| it.epoch == rebuild.epoch);
        let Some(text) = known.text.filter(|text| !fed && !text.trim().is_empty()) else {
            continue;
        };
        entries.push(Entry {
            at: *at,
            place: place - below,
            epoch: rebuild.epoch,
            folded: fold(&text).text,
            words: vector(&text),
        });
    }
    feed::write(tx, &entries).await?;
    Ok(true)
}

/// Deletes what earlier epochs left after a message, of at most `limit` entries in the order of their messages; the last of those
/// that were looked at, `None` after the end or when a later rebuild has begun.
///
/// # Errors
/// When the database fails.
pub async fn sweep(
    tx: &mut Tx,
    rebuild: Rebuild,
    after: Uuid,
    limit: i64,
) -> Result<Option<Uuid>, Error> {
    if !goes_on(tx, rebuild).await? {
        return Ok(None);
    }
    Ok(sqlx::query_scalar(
        "WITH page AS (
             SELECT message_id, epoch FROM search_messages WHERE account_id = $1 AND message_id > $2
              ORDER BY message_id LIMIT $3),
         swept AS (
             DELETE FROM search_messages s USING page p
              WHERE s.account_id = $1 AND s.message_id = p.message_id AND p.epoch < $4 AND s.epoch < $4)
         SELECT message_id FROM page ORDER BY message_id DESC LIMIT 1",
    )
    .bind(rebuild.account.uuid())
    .bind(after)
    .bind(limit)
    .bind(rebuild.epoch)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Says that the index is whole; false when a later rebuild has begun.
///
/// # Errors
/// When the database fails.
pub async fn finish(tx: &mut Tx, rebuild: Rebuild) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE search_states SET rebuilding = false WHERE account_id = $1 AND epoch = $2",
    )
    .bind(rebuild.account.uuid())
    .bind(rebuild.epoch)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Locks the account's index; false when a later rebuild has begun.
async fn goes_on(tx: &mut Tx, rebuild: Rebuild) -> Result<bool, Error> {
    let epoch: Option<i32> = sqlx::query_scalar(
        "SELECT epoch FROM search_states WHERE account_id = $1 FOR NO KEY UPDATE",
    )
    .bind(rebuild.account.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(epoch == Some(rebuild.epoch))
}
