//! Counts of conversations: sums, and the changes that are not folded into them yet. Triggers write the changes.

use pg::{Error, Tx};
use sqlx::PgConnection;
use types::AccountId;
use uuid::Uuid;

use crate::domain::counts::Count;
use crate::store::numbers::{OPEN, corrupt, to_answer};

/// How many changes are folded at once.
const FOLDED_AT_ONCE: i64 = 5_000;

/// The counts of an account, each kind once, in no order.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.counts.get", skip_all, fields(account.id = %account), err)]
pub async fn of_account(tx: &mut Tx, account: AccountId) -> Result<Vec<Count>, Error> {
    let rows: Vec<(Uuid, bool, i16, i16, i64)> = sqlx::query_as(
        "SELECT owner, is_group, life, answer, sum(conversations)::bigint
           FROM (SELECT owner, is_group, life, answer, conversations
                   FROM conversation_counts WHERE account_id = $1
                 UNION ALL
                 SELECT owner, is_group, life, answer, change
                   FROM conversation_count_changes WHERE account_id = $1) c
          GROUP BY owner, is_group, life, answer",
    )
    .bind(account.uuid())
    .fetch_all(&mut **tx)
    .await?;
    let count = |(owner, group, life, answer, conversations): (Uuid, bool, i16, i16, i64)| {
        Ok(Count {
            owner: (!owner.is_nil()).then(|| owner.into()),
            group,
            open: life == OPEN,
            answer: to_answer(answer)
                .ok_or_else(|| corrupt("conversation_counts", "answer", owner))?,
            conversations,
        })
    };
    rows.into_iter().map(count).collect()
}

/// Folds changes into the sums; false when there are no more. It happens whole or not at all, and what another one folds at the
/// same time is left to it.
///
/// # Errors
/// When the database fails.
pub async fn fold(connection: &mut PgConnection) -> Result<bool, Error> {
    let (folded,): (i64,) = sqlx::query_as(
        "WITH taken AS MATERIALIZED (
             SELECT account_id, id FROM conversation_count_changes ORDER BY account_id, id LIMIT $1 FOR UPDATE SKIP LOCKED
         ), gone AS (
             DELETE FROM conversation_count_changes c USING taken t
              WHERE c.account_id = t.account_id AND c.id = t.id
             RETURNING c.account_id, c.owner, c.is_group, c.life, c.answer, c.change
         ), sums AS (
             -- In one order everywhere, so that two who fold wait for each other in a row, not in a ring.
             SELECT account_id, owner, is_group, life, answer, sum(change)::bigint AS change
               FROM gone GROUP BY 1, 2, 3, 4, 5 HAVING sum(change) <> 0 ORDER BY 1, 2, 3, 4, 5
         ), added AS (
             INSERT INTO conversation_counts AS c (account_id, owner, is_group, life, answer, conversations)
             SELECT account_id, owner, is_group, life, answer, change FROM sums
             ON CONFLICT (account_id, owner, is_group, life, answer)
             DO UPDATE SET conversations = c.conversations + excluded.conversations
         )
         SELECT count(*) FROM gone",
    )
    .bind(FOLDED_AT_ONCE)
    .fetch_one(connection)
    .await?;
    Ok(folded == FOLDED_AT_ONCE)
}
