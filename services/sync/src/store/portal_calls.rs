//! What replicas share of a portal's calls: when the next may be made, with which token, and who renews the tokens.
//!
//! Time is that of the database, so that replicas whose clocks differ agree; only a clock that is moved by hand goes before it. PostgreSQL keeps
//! it and not Redis: the token that a call needs is in the same row, so a call costs one statement, and nothing is counted anew when Redis is
//! emptied.

use std::time::Duration;

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, Clock, PortalId};
use uuid::Uuid;

/// The time between two calls: with calls that are late by [`LATE`] at most, never more than seven are made in any second.
pub const SPACING: Duration = Duration::from_millis(160);
/// How late a call may be made: seven times the spacing is more than a second by a little more than this.
pub const LATE: Duration = Duration::from_millis(100);
/// How long a portal that did not answer last is left to whoever tries it now.
const TRIAL: Duration = Duration::from_secs(15);

/// A call that may be made.
#[derive(Debug)]
pub struct Slot {
    /// The portal's host.
    pub host: String,
    /// Its tokens under the master key.
    pub sealed_tokens: Vec<u8>,
    /// Which pair that is.
    pub version: i64,
    /// Until when the access token is good.
    pub expire_time: OffsetDateTime,
    /// How often in a row the portal did not answer.
    pub failures: i32,
    /// How long to wait before it is made.
    pub wait: Duration,
}

#[derive(FromRow)]
struct Row {
    host: String,
    sealed_tokens: Vec<u8>,
    token_version: i64,
    expire_time: OffsetDateTime,
    failures: i32,
    wait: f64,
}

/// Takes the next moment at which a call may be made; `None` while the portal is not connected, is left alone, or that moment is further away
/// than `patience`. A portal that did not answer last is tried by one call: the others wait for what comes of it.
#[tracing::instrument(level = "debug", name = "db.portal.slot", skip_all)]
pub async fn slot(
    tx: &mut Tx,
    account: AccountId,
    id: PortalId,
    patience: Duration,
    clock: &Clock,
) -> Result<Option<Slot>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "UPDATE portals SET next_call_time = greatest(next_call_time, coalesce($5, clock_timestamp())) + make_interval(secs => $3),
                pause_until = CASE WHEN failures > 0 THEN coalesce($5, clock_timestamp()) + make_interval(secs => $6) ELSE pause_until END
          WHERE account_id = $1 AND portal_id = $2 AND state = 1 AND pause_until <= coalesce($5, clock_timestamp())
            AND next_call_time <= coalesce($5, clock_timestamp()) + make_interval(secs => $4)
         RETURNING host, sealed_tokens, token_version, expire_time, failures,
                   extract(epoch FROM next_call_time - make_interval(secs => $3) - coalesce($5, clock_timestamp()))::float8 AS wait",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(SPACING.as_secs_f64())
    .bind(patience.as_secs_f64())
    .bind(clock.set_by_hand())
    .bind(TRIAL.as_secs_f64())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Slot {
        host: row.host,
        sealed_tokens: row.sealed_tokens,
        version: row.token_version,
        expire_time: row.expire_time,
        failures: row.failures,
        wait: Duration::try_from_secs_f64(row.wait).unwrap_or_default(),
    }))
}

/// Is it connected, what is wrong with it, and which pair of tokens has it?
#[tracing::instrument(level = "debug", name = "db.portal.condition", skip_all)]
pub async fn condition(
    tx: &mut Tx,
    account: AccountId,
    id: PortalId,
) -> Result<Option<(bool, String, i64)>, Error> {
    Ok(sqlx::query_as(
        "SELECT state = 1, problem, token_version FROM portals WHERE account_id = $1 AND portal_id = $2",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .fetch_optional(&mut **tx)
    .await?)
}

/// Leaves the portal alone: for as long as it said, or else longer each time, from one second to a minute.
#[tracing::instrument(level = "debug", name = "db.portal.pause", skip_all)]
pub async fn pause(
    tx: &mut Tx,
    account: AccountId,
    id: PortalId,
    (least, problem): (Duration, &str),
    clock: &Clock,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE portals SET failures = least(failures + 1, 100), problem = $4,
                pause_until = greatest(pause_until, coalesce($5, clock_timestamp())
                                       + make_interval(secs => greatest($3, least(60, power(2, least(failures, 6))))))
          WHERE account_id = $1 AND portal_id = $2 AND state = 1",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(least.as_secs_f64())
    .bind(problem)
    .bind(clock.set_by_hand())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// It answers again: whoever waited for that may call.
#[tracing::instrument(level = "debug", name = "db.portal.answered", skip_all)]
pub async fn answered(tx: &mut Tx, account: AccountId, id: PortalId) -> Result<(), Error> {
    sqlx::query(
        "UPDATE portals SET failures = 0, problem = '', pause_until = '-infinity' WHERE account_id = $1 AND portal_id = $2 AND state = 1",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lets the caller, and nobody else for `time`, renew this pair; its host and tokens. `None` where somebody else does, or has done it.
#[tracing::instrument(level = "debug", name = "db.portal.may_renew", skip_all)]
pub async fn may_renew(
    tx: &mut Tx,
    account: AccountId,
    id: PortalId,
    version: i64,
    time: Duration,
    clock: &Clock,
) -> Result<Option<(String, Vec<u8>)>, Error> {
    Ok(sqlx::query_as(
        "UPDATE portals SET renew_until = coalesce($5, clock_timestamp()) + make_interval(secs => $4)
          WHERE account_id = $1 AND portal_id = $2 AND token_version = $3 AND state = 1 AND renew_until <= coalesce($5, clock_timestamp())
         RETURNING host, sealed_tokens",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(version)
    .bind(time.as_secs_f64())
    .bind(clock.set_by_hand())
    .fetch_optional(&mut **tx)
    .await?)
}

/// Lets whoever comes next renew the pair: amoCRM was not reached.
#[tracing::instrument(level = "debug", name = "db.portal.not_renewed", skip_all)]
pub async fn not_renewed(
    tx: &mut Tx,
    account: AccountId,
    id: PortalId,
    version: i64,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE portals SET renew_until = '-infinity' WHERE account_id = $1 AND portal_id = $2 AND token_version = $3",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(version)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores the new pair, before it is used; false where another one came between. A portal that gives tokens answers.
#[tracing::instrument(level = "debug", name = "db.portal.renewed", skip_all)]
pub async fn renewed(
    tx: &mut Tx,
    account: AccountId,
    id: PortalId,
    (version, sealed_tokens): (i64, &[u8]),
    (now, expire_time): (OffsetDateTime, OffsetDateTime),
) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE portals SET sealed_tokens = $4, token_version = token_version + 1, token_time = $5, expire_time = $6,
                renew_until = '-infinity', failures = 0, problem = '', pause_until = '-infinity'
          WHERE account_id = $1 AND portal_id = $2 AND token_version = $3 AND state = 1",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(version)
    .bind(sealed_tokens)
    .bind(now)
    .bind(expire_time)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Up to `limit` connected portals whose pair was given before, with its version.
#[tracing::instrument(level = "debug", name = "db.portal.idle", skip_all)]
pub async fn idle(
    tx: &mut Tx,
    before: OffsetDateTime,
    limit: i64,
) -> Result<Vec<(AccountId, PortalId, i64)>, Error> {
    let rows: Vec<(Uuid, Uuid, i64)> = sqlx::query_as(
        "SELECT account_id, portal_id, token_version FROM portals WHERE state = 1 AND token_time < $1 ORDER BY token_time LIMIT $2",
    )
    .bind(before)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    let portal = |(account, id, version): (Uuid, Uuid, i64)| (account.into(), id.into(), version);
    Ok(rows.into_iter().map(portal).collect())
}
