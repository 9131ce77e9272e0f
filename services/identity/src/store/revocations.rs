//! What ended before its access tokens did.

use pg::{Error, Tx};
use time::OffsetDateTime;
use types::AccountId;
use uuid::Uuid;

/// How many are read at once.
const PAGE: i64 = 1000;

/// Revokes sessions, keys or grant versions. It locks the one row that orders all revocations until the commit, so call it
/// late in the transaction.
#[tracing::instrument(level = "debug", name = "db.revocation.insert", skip_all)]
pub async fn insert(
    tx: &mut Tx,
    account: AccountId,
    subjects: &[Uuid],
    now: OffsetDateTime,
) -> Result<(), Error> {
    if subjects.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "WITH head AS (
             UPDATE revocation_head SET last_position = last_position + cardinality($2::uuid[])
             RETURNING last_position - cardinality($2::uuid[]) AS base)
         INSERT INTO revocations (account_id, position, subject, create_time)
         SELECT $1, head.base + s.ord, s.subject, $3 FROM head, unnest($2::uuid[]) WITH ORDINALITY AS s (subject, ord)",
    )
    .bind(account.uuid())
    .bind(subjects)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The newest position.
#[tracing::instrument(level = "debug", name = "db.revocation.head", skip_all)]
pub async fn head(tx: &mut Tx) -> Result<i64, Error> {
    Ok(
        sqlx::query_scalar("SELECT last_position FROM revocation_head")
            .fetch_one(&mut **tx)
            .await?,
    )
}

/// The revocations after a position and since a time, of all accounts, in order; and where the next ones begin.
#[tracing::instrument(level = "debug", name = "db.revocation.list", skip_all)]
pub async fn list(
    tx: &mut Tx,
    after: i64,
    since: OffsetDateTime,
) -> Result<(Vec<Uuid>, Option<i64>), Error> {
    let rows: Vec<(i64, Uuid)> = sqlx::query_as(
        "SELECT position, subject FROM revocations WHERE position > $1 AND create_time >= $2 ORDER BY position LIMIT $3",
    )
    .bind(after)
    .bind(since)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await?;
    let last = rows.last().map(|(position, _)| *position);
    Ok((rows.into_iter().map(|(_, subject)| subject).collect(), last))
}

/// Deletes old ones, a thousand at a time; returns how many went.
#[tracing::instrument(level = "debug", name = "db.revocation.prune", skip_all)]
pub async fn prune(tx: &mut Tx, before: OffsetDateTime) -> Result<u64, Error> {
    let deleted = sqlx::query(
        "DELETE FROM revocations WHERE position IN (
             SELECT position FROM revocations WHERE create_time < $1 ORDER BY position LIMIT 1000)",
    )
    .bind(before)
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected())
}
