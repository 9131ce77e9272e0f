//! Events that were refused for good.

use auth::AccountScope;
use pg::{Db, Error, SystemScope, Tx};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use types::{AccountId, QuarantinedEventId};
use uuid::Uuid;

use crate::domain::quarantine::{Cause, KEPT, MOST, Quarantined};

macro_rules! columns {
    () => {
        "account_id, id, connection_id, connector_key, external_chat_id, event_key, event, reason, details, refusals, create_time,
         refuse_time"
    };
}

/// Keeps an event, unless the account has as many as may be; the id under which it is kept. One that is kept already keeps its id and its
/// place.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.quarantine.keep", skip_all, fields(account.id = %scope.account()), err)]
pub async fn keep(
    tx: &mut Tx,
    scope: AccountScope,
    event: &Quarantined,
) -> Result<Option<QuarantinedEventId>, Error> {
    let id: Option<Uuid> = sqlx::query_scalar(
        "WITH again AS (
             UPDATE quarantined_events SET event = $7, reason = $8, details = $9, refusals = refusals + 1, refuse_time = $10
              WHERE account_id = $1 AND connection_id = $3 AND event_key = $6 RETURNING id
         ), added AS (
             INSERT INTO quarantined_events (account_id, id, connection_id, connector_key, external_chat_id, event_key, event, reason,
                    details, create_time, refuse_time)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10
              WHERE NOT EXISTS (SELECT FROM again)
                AND $11 > (SELECT count(*) FROM (SELECT FROM quarantined_events WHERE account_id = $1 LIMIT $11) kept)
                 ON CONFLICT ON CONSTRAINT quarantined_events_key DO UPDATE SET refuse_time = excluded.refuse_time
             RETURNING id
         )
         SELECT id FROM again UNION ALL SELECT id FROM added",
    )
    .bind(scope.account().uuid())
    .bind(event.id.uuid())
    .bind(event.connection.uuid())
    .bind(&event.connector_key)
    .bind(&event.chat)
    .bind(&event.key)
    .bind(&event.event)
    .bind(&event.cause.reason)
    .bind(&event.cause.details)
    .bind(event.refuse_time)
    .bind(MOST)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(id.map(QuarantinedEventId::from))
}

/// Up to `limit` events after one, in the order in which they came.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.quarantine.list", skip_all, fields(account.id = %scope.account()), err)]
pub async fn list(
    tx: &mut Tx,
    scope: AccountScope,
    after: Option<QuarantinedEventId>,
    limit: i64,
) -> Result<Vec<Quarantined>, Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM quarantined_events WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3"
    ))
    .bind(scope.account().uuid())
    .bind(after.map_or(Uuid::nil(), QuarantinedEventId::uuid))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(from_row).collect()
}

/// The events of these ids that are kept, in the order in which they came.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.quarantine.with_ids", skip_all, fields(account.id = %scope.account()), err)]
pub async fn with_ids(
    tx: &mut Tx,
    scope: AccountScope,
    ids: &[QuarantinedEventId],
) -> Result<Vec<Quarantined>, Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM quarantined_events WHERE account_id = $1 AND id = ANY ($2) ORDER BY id"
    ))
    .bind(scope.account().uuid())
    .bind(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(from_row).collect()
}

/// The first event that is kept of the chat of one.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.quarantine.first_of_chat", skip_all, fields(account.id = %scope.account()), err)]
pub async fn first_of_chat(
    tx: &mut Tx,
    scope: AccountScope,
    event: &Quarantined,
) -> Result<Option<QuarantinedEventId>, Error> {
    let first: Option<Uuid> = sqlx::query_scalar(
        "SELECT id FROM quarantined_events
          WHERE account_id = $1 AND connector_key = $2 AND external_chat_id = $3 AND connection_id = $4 ORDER BY id LIMIT 1",
    )
    .bind(scope.account().uuid())
    .bind(&event.connector_key)
    .bind(&event.chat)
    .bind(event.connection.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(first.map(QuarantinedEventId::from))
}

/// An event was refused again.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.quarantine.refuse", skip_all, fields(account.id = %scope.account()), err)]
pub async fn refuse(
    tx: &mut Tx,
    scope: AccountScope,
    id: QuarantinedEventId,
    cause: &Cause,
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE quarantined_events SET reason = $3, details = $4, refusals = refusals + 1, refuse_time = $5
          WHERE account_id = $1 AND id = $2",
    )
    .bind(scope.account().uuid())
    .bind(id.uuid())
    .bind(&cause.reason)
    .bind(&cause.details)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps events no longer.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.quarantine.delete", skip_all, fields(account.id = %scope.account()), err)]
pub async fn delete(
    tx: &mut Tx,
    scope: AccountScope,
    ids: &[QuarantinedEventId],
) -> Result<(), Error> {
    sqlx::query("DELETE FROM quarantined_events WHERE account_id = $1 AND id = ANY ($2)")
        .bind(scope.account().uuid())
        .bind(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Deletes what is too old, a thousand at a time; returns how many went.
///
/// # Errors
/// When the database fails.
pub async fn prune(db: &Db, now: OffsetDateTime) -> Result<u64, Error> {
    db.tx(SystemScope::for_job("prune quarantine"), move |tx| {
        Box::pin(async move {
            let deleted = sqlx::query(
                "DELETE FROM quarantined_events WHERE ctid = ANY (ARRAY (
                     SELECT ctid FROM quarantined_events WHERE create_time < $1 LIMIT 1000))",
            )
            .bind(now - KEPT)
            .execute(&mut **tx)
            .await?;
            Ok(deleted.rows_affected())
        })
    })
    .await
}

fn from_row(row: &PgRow) -> Result<Quarantined, Error> {
    Ok(Quarantined {
        id: row.try_get::<Uuid, _>("id")?.into(),
        account: AccountId::from(row.try_get::<Uuid, _>("account_id")?),
        connection: row.try_get::<Uuid, _>("connection_id")?.into(),
        connector_key: row.try_get("connector_key")?,
        chat: row.try_get("external_chat_id")?,
        key: row.try_get("event_key")?,
        event: row.try_get("event")?,
        cause: Cause {
            reason: row.try_get("reason")?,
            details: row.try_get("details")?,
        },
        refusals: row.try_get("refusals")?,
        create_time: row.try_get("create_time")?,
        refuse_time: row.try_get("refuse_time")?,
    })
}
