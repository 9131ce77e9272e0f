//! What is found in the index.

use auth::AccountScope;
use pg::{Error, Tx};
use sqlx::Row;
use time::OffsetDateTime;
use types::ConversationId;
use uuid::Uuid;

use super::{At, BLOCK, CONSUMER, block};
use crate::domain::search::Query;

/// Where to look: places before one, through so many blocks.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The rebuild whose blocks are looked into.
    pub epoch: i32,
    /// Only places before this one.
    pub before: i64,
    /// Through so many blocks at most, the newest first.
    pub blocks: i64,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// Messages with their places in the index, the newest first.
    pub messages: Vec<(At, i64)>,
    /// Everything from this place on has been looked at; 0 at the end.
    pub until: i64,
}

/// The newest rebuild of an account's index, the place after its newest message, and whether a rebuild is under way; `None` when
/// nothing has been indexed.
///
/// # Errors
/// When the database fails.
pub async fn newest(tx: &mut Tx, scope: AccountScope) -> Result<Option<(i32, i64, bool)>, Error> {
    Ok(sqlx::query_as(
        "SELECT epoch, last_place + 1, rebuilding FROM search_states WHERE account_id = $1",
    )
    .bind(scope.account().uuid())
    .fetch_optional(&mut **tx)
    .await?)
}

/// The account stands in a form that no index serves, so that the planner is left with the index of texts.
macro_rules! find {
    ($matches:literal) => {
        concat!(
            "SELECT f.message_id, f.conversation_id, f.seq, f.place
               FROM (SELECT block FROM unnest($2::bigint[]) WITH ORDINALITY AS b (block, n) ORDER BY n) b
              CROSS JOIN LATERAL (
                    SELECT s.message_id, s.conversation_id, s.seq, s.place FROM search_messages s
                     WHERE s.block = b.block AND ",
            $matches,
            " AND s.place < $4 AND s.account_id IS NOT DISTINCT FROM $1
                     ORDER BY s.place DESC LIMIT $5) f
              LIMIT $5"
        )
    };
}
const WORDS: &str = find!("s.words @@ $3::tsquery");
const PART: &str = find!("s.folded LIKE $3");

/// Up to `limit` messages that hold what is looked for. Whether the caller may read them is not decided here.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.search.find", skip_all, fields(account.id = %scope.account()), err)]
pub async fn find(
    tx: &mut Tx,
    scope: AccountScope,
    query: &Query,
    span: Span,
    limit: i64,
) -> Result<Found, Error> {
    let account = scope.account();
    let last = (span.before - 1).max(0) / BLOCK;
    let first = (last - span.blocks + 1).max(0);
    let blocks: Vec<i64> = (first..=last)
        .rev()
        .map(|number| block(account, span.epoch, number * BLOCK))
        .collect();
    let statement = match query {
        Query::Words(_) => WORDS,
        Query::Part(_) => PART,
    };
    let rows = sqlx::query(statement)
        .bind(account.uuid())
        .bind(blocks)
        .bind(query.pattern())
        .bind(span.before)
        .bind(limit)
        .fetch_all(&mut **tx)
        .await?;
    let messages = rows
        .iter()
        .map(|row| {
            let at = At {
                account,
                conversation: ConversationId::from(row.try_get::<Uuid, _>("conversation_id")?),
                seq: row.try_get("seq")?,
                message: row.try_get::<Uuid, _>("message_id")?.into(),
            };
            Ok((at, row.try_get("place")?))
        })
        .collect::<Result<Vec<(At, i64)>, Error>>()?;
    let until = match messages.last() {
        Some((_, place)) if messages.len() as i64 == limit => *place,
        _ => first * BLOCK,
    };
    Ok(Found { messages, until })
}

/// Everything that was stored until then has been indexed. `None`: the index is far behind, nobody counted how far.
///
/// # Errors
/// When the database fails.
pub async fn indexed_until(
    tx: &mut Tx,
    scope: AccountScope,
) -> Result<Option<OffsetDateTime>, Error> {
    /// Events that are looked through for the first of the account.
    const FAR: i64 = 10_000;
    Ok(sqlx::query_scalar(
        "WITH at AS (
             SELECT o.last_position, coalesce(
                    (SELECT p.position FROM consumer_positions p WHERE p.source = $2 AND p.shard = o.shard), 0) AS position
               FROM outbox_shards o WHERE o.shard = $1)
         SELECT coalesce(
                (SELECT e.create_time FROM outbox e
                  WHERE e.shard = $1 AND e.position > (SELECT position FROM at) AND e.position <= (SELECT position + $3 FROM at)
                  ORDER BY e.position LIMIT 1),
                (SELECT now() FROM at WHERE last_position <= position + $3))",
    )
    .bind(events::shard_of(scope.account()).cast_signed())
    .bind(CONSUMER)
    .bind(FAR)
    .fetch_one(&mut **tx)
    .await?)
}

#[cfg(test)]
mod tests;
