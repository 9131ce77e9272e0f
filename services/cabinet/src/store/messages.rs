//! SMS on their way.

use pg::Error;
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{AccountId, SmsMessageId, SmsProviderId};
use uuid::Uuid;

use super::{error_number, purpose, purpose_number};
use crate::domain::text::Purpose;
use crate::sms::ErrorClass;

/// An SMS that waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Whose client.
    pub account: AccountId,
    /// Its id.
    pub id: SmsMessageId,
    /// What its code is for.
    pub purpose: Purpose,
    /// Number and text, encrypted.
    pub sealed: Vec<u8>,
    /// How often it was tried, this time with it.
    pub attempts: i16,
    /// When its code stops working.
    pub expire_time: OffsetDateTime,
}

/// What becomes of an SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// No provider could send it.
    Failed,
    /// Nobody has this number.
    Unknown,
    /// A cap was reached.
    Capped,
}

impl End {
    fn number(self) -> i16 {
        match self {
            Self::Failed => 4,
            Self::Unknown => 5,
            Self::Capped => 6,
        }
    }
}

/// Stores an SMS that is due now.
#[tracing::instrument(level = "debug", name = "db.sms.insert", skip_all, err)]
pub async fn insert(
    db: &mut PgConnection,
    sms: &Waiting,
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO sms_messages (account_id, id, purpose, state, sealed, due_time, expire_time, create_time)
         VALUES ($1, $2, $3, 1, $4, $5, $6, $5)",
    )
    .bind(sms.account.uuid())
    .bind(sms.id.uuid())
    .bind(purpose_number(sms.purpose))
    .bind(&sms.sealed)
    .bind(now)
    .bind(sms.expire_time)
    .execute(db)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    account_id: Uuid,
    id: Uuid,
    purpose: i16,
    sealed: Vec<u8>,
    attempts: i16,
    expire_time: OffsetDateTime,
}

/// Takes up to `limit` that are due, of all accounts; nobody else takes them until `until`.
#[tracing::instrument(level = "debug", name = "db.sms.take", skip_all, err)]
pub async fn take(
    db: &mut PgConnection,
    now: OffsetDateTime,
    until: OffsetDateTime,
    limit: i64,
) -> Result<Vec<Waiting>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        // Materialized: the planner may run a subquery that locks once for each row, and each time it skips what is locked already.
        "WITH d AS MATERIALIZED (
             SELECT account_id, id FROM sms_messages WHERE due_time <= $1 ORDER BY due_time LIMIT $3 FOR UPDATE SKIP LOCKED)
         UPDATE sms_messages m SET due_time = $2, attempts = m.attempts + 1
           FROM d
          WHERE m.account_id = d.account_id AND m.id = d.id
          RETURNING m.account_id, m.id, m.purpose, m.sealed, m.attempts, m.expire_time",
    )
    .bind(now)
    .bind(until)
    .bind(limit)
    .fetch_all(db)
    .await?;
    let waiting = |row: Row| {
        Ok(Waiting {
            account: row.account_id.into(),
            id: row.id.into(),
            purpose: purpose(row.purpose).ok_or_else(|| Error::Corrupt {
                table: "sms_messages",
                column: "purpose",
                row: row.id.to_string(),
            })?,
            sealed: row.sealed,
            attempts: row.attempts,
            expire_time: row.expire_time,
        })
    };
    rows.into_iter().map(waiting).collect()
}

/// A provider took it: number and text are forgotten.
#[tracing::instrument(level = "debug", name = "db.sms.sent", skip_all, err)]
pub async fn sent(
    db: &mut PgConnection,
    account: AccountId,
    id: SmsMessageId,
    provider: SmsProviderId,
    external_id: &str,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE sms_messages SET state = 2, sealed = NULL, due_time = NULL, provider_id = $3, external_id = nullif($4, ''), error_class = 0
          WHERE account_id = $1 AND id = $2 AND state = 1",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(provider.uuid())
    .bind(external_id)
    .execute(db)
    .await?;
    Ok(())
}

/// It is not sent any more: number and text are forgotten.
#[tracing::instrument(level = "debug", name = "db.sms.end", skip_all, err)]
pub async fn end(
    db: &mut PgConnection,
    account: AccountId,
    id: SmsMessageId,
    end: End,
    class: Option<ErrorClass>,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE sms_messages SET state = $3, sealed = NULL, due_time = NULL, error_class = $4
          WHERE account_id = $1 AND id = $2 AND state = 1",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(end.number())
    .bind(class.map_or(0, error_number))
    .execute(db)
    .await?;
    Ok(())
}

/// It is tried again later.
#[tracing::instrument(level = "debug", name = "db.sms.later", skip_all, err)]
pub async fn later(
    db: &mut PgConnection,
    account: AccountId,
    id: SmsMessageId,
    due: OffsetDateTime,
    class: Option<ErrorClass>,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE sms_messages SET due_time = $3, error_class = $4 WHERE account_id = $1 AND id = $2 AND state = 1",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(due)
    .bind(class.map_or(0, error_number))
    .execute(db)
    .await?;
    Ok(())
}

/// The provider reports: it has arrived, or it never will. What was reported stays: a report that comes twice changes nothing.
#[tracing::instrument(level = "debug", name = "db.sms.report", skip_all, err)]
pub async fn report(
    db: &mut PgConnection,
    account: AccountId,
    provider: SmsProviderId,
    external_id: &str,
    delivered: bool,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE sms_messages SET state = CASE WHEN $4 THEN 3 ELSE 4 END
          WHERE account_id = $1 AND provider_id = $2 AND external_id = $3 AND state = 2",
    )
    .bind(account.uuid())
    .bind(provider.uuid())
    .bind(external_id)
    .bind(delivered)
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes up to `limit` that were asked for before `before`.
#[tracing::instrument(level = "debug", name = "db.sms.forget", skip_all, err)]
pub async fn forget(
    db: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, Error> {
    let done = sqlx::query(
        "DELETE FROM sms_messages WHERE (account_id, id) IN (
             SELECT account_id, id FROM sms_messages
              WHERE create_time < $1 ORDER BY create_time LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(before)
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
