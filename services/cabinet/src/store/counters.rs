//! How often something happened.

use std::time::Duration;

use pg::Error;
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::AccountId;

use crate::limits::Limit;

/// Counts once more for `key`; `Some` when the limit is reached and nothing was counted: the time to wait.
#[tracing::instrument(level = "debug", name = "db.counter.count", skip_all, err)]
pub async fn count(
    db: &mut PgConnection,
    account: AccountId,
    limit: &Limit,
    key: &[u8],
    now: OffsetDateTime,
) -> Result<Option<Duration>, Error> {
    let begin = limit.window(now);
    let end = begin + limit.time;
    let counted = sqlx::query(
        "INSERT INTO counters AS c (account_id, kind, key, window_time, expire_time, count) VALUES ($1, $2, $3, $4, $5, 1)
         ON CONFLICT (account_id, kind, key, window_time) DO UPDATE SET count = c.count + 1 WHERE c.count < $6",
    )
    .bind(account.uuid())
    .bind(limit.kind)
    .bind(key)
    .bind(begin)
    .bind(end)
    .bind(limit.most)
    .execute(db)
    .await?;
    if counted.rows_affected() == 1 {
        return Ok(None);
    }
    Ok(Some(Duration::try_from(end - now).unwrap_or_default()))
}

/// Removes up to `limit` windows that ended before `before`.
#[tracing::instrument(level = "debug", name = "db.counter.forget", skip_all, err)]
pub async fn forget(
    db: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, Error> {
    let done = sqlx::query(
        "DELETE FROM counters WHERE (account_id, kind, key, window_time) IN (
             SELECT account_id, kind, key, window_time FROM counters
              WHERE expire_time < $1 ORDER BY expire_time LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(before)
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
