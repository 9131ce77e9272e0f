//! Erasures and their receipts.

use pg::{Error, Tx};
use serde_json::Value as Json;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json as AsJson;
use time::OffsetDateTime;
use types::{AccountId, ErasureId};
use uuid::Uuid;

use crate::domain::erasure::{Erasure, Receipt, Stage};

/// An erasure as the database has it: the secret is sealed.
pub struct Stored {
    /// All but the secret.
    pub erasure: Erasure,
    /// The sealed secret.
    pub sealed: Option<Vec<u8>>,
}

macro_rules! columns {
    () => {
        "account_id, id, stage, step, attempt, sealed, salt, digests, contact_ids, removed, found, looked_at, error, tries,
         create_time, done_time, check_time"
    };
}

/// A new erasure; the one that runs for the same subject, if there is one.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(level = "debug", name = "db.erasure.insert", skip_all, err)]
pub async fn insert(
    tx: &mut Tx,
    erasure: &Erasure,
    (subject, sealed): (&[u8], &[u8]),
    now: OffsetDateTime,
) -> Result<ErasureId, Error> {
    let id: Uuid = sqlx::query_scalar(
        "INSERT INTO erasures AS e (account_id, id, subject, stage, step, attempt, sealed, salt, digests, contact_ids, removed, found,
                looked_at, error, tries, due_time, create_time)
         VALUES ($1, $2, $3, 1, 0, 1, $4, $5, '[]', $6, '{}', '{}', 0, '', 0, $7, $7)
         ON CONFLICT (account_id, subject) WHERE subject IS NOT NULL DO UPDATE SET subject = e.subject RETURNING id",
    )
    .bind(erasure.account.uuid())
    .bind(erasure.id.uuid())
    .bind(subject)
    .bind(sealed)
    .bind(&erasure.receipt.salt)
    .bind(&erasure.receipt.contacts)
    .bind(now)
    .fetch_one(&mut **tx)
    .await?;
    Ok(id.into())
}

/// Does an erasure of this subject run?
///
/// # Errors
/// When the database fails.
#[tracing::instrument(level = "debug", name = "db.erasure.runs", skip_all, err)]
pub async fn runs(tx: &mut Tx, account: AccountId, subject: &[u8]) -> Result<bool, Error> {
    let found: Option<i32> =
        sqlx::query_scalar("SELECT 1 FROM erasures WHERE account_id = $1 AND subject = $2")
            .bind(account.uuid())
            .bind(subject)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(found.is_some())
}

/// Takes an erasure whose next step is due, for a while.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(level = "debug", name = "db.erasure.claim", skip_all, err)]
pub async fn claim(
    tx: &mut Tx,
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<Option<Stored>, Error> {
    let row = sqlx::query(concat!(
        "UPDATE erasures SET due_time = $2
          WHERE (account_id, id) = (SELECT account_id, id FROM erasures WHERE due_time <= $1
                                     ORDER BY due_time LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING ",
        columns!()
    ))
    .bind(now)
    .bind(until)
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(from_row).transpose()
}

/// Writes down how far it has come. `due` is when the next step may be taken; ignored at the end. False when somebody else has gone on.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(level = "debug", name = "db.erasure.save", skip_all, err)]
pub async fn save(
    tx: &mut Tx,
    before: (Stage, i32),
    erasure: &Erasure,
    sealed: Option<Vec<u8>>,
    due: OffsetDateTime,
) -> Result<bool, Error> {
    let (stage, step) = number(erasure.stage);
    let (was_stage, was_step) = number(before.0);
    let receipt = &erasure.receipt;
    let written = sqlx::query(
        "UPDATE erasures SET stage = $3, step = $4, attempt = $5, sealed = $6, digests = $7, contact_ids = $8, removed = $9, found = $10,
                looked_at = $11, error = $12, tries = $13, due_time = CASE WHEN $3 < 4 THEN $14 END, done_time = $15, check_time = $16,
                subject = CASE WHEN $3 < 4 THEN subject END
          WHERE account_id = $1 AND id = $2 AND stage = $17 AND step = $18 AND attempt = $19",
    )
    .bind(erasure.account.uuid())
    .bind(erasure.id.uuid())
    .bind(stage)
    .bind(step)
    .bind(erasure.attempt)
    .bind(sealed)
    .bind(AsJson(&receipt.digests))
    .bind(&receipt.contacts)
    .bind(AsJson(&receipt.removed))
    .bind(AsJson(&receipt.found))
    .bind(receipt.looked_at)
    .bind(&erasure.error)
    .bind(erasure.tries)
    .bind(due)
    .bind(receipt.done_time)
    .bind(receipt.check_time)
    .bind(was_stage)
    .bind(was_step)
    .bind(before.1)
    .execute(&mut **tx)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Has a finished erasure checked again; false for one that is not there or still runs.
///
/// # Errors
/// When the database fails.
pub async fn check(
    tx: &mut Tx,
    account: AccountId,
    id: ErasureId,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let written = sqlx::query(
        "UPDATE erasures SET stage = 3, step = 0, found = '{}', looked_at = 0, due_time = $3 WHERE account_id = $1 AND id = $2 AND stage = 4",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// One erasure.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, account: AccountId, id: ErasureId) -> Result<Option<Stored>, Error> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM erasures WHERE account_id = $1 AND id = $2"
    ))
    .bind(account.uuid())
    .bind(id.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(from_row).transpose()
}

/// The erasures of all accounts after one, in the order of account and id, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn page(tx: &mut Tx, after: (Uuid, Uuid), limit: i64) -> Result<Vec<Stored>, Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM erasures WHERE (account_id, id) > ($1, $2) ORDER BY account_id, id LIMIT $3"
    ))
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(from_row).collect()
}

fn number(stage: Stage) -> (i16, i16) {
    let step = |at: usize| i16::try_from(at).unwrap_or(i16::MAX);
    match stage {
        Stage::Finding => (1, 0),
        Stage::Erasing(at) => (2, step(at)),
        Stage::Checking(at) => (3, step(at)),
        Stage::Done => (4, 0),
    }
}

fn from_row(row: &PgRow) -> Result<Stored, Error> {
    let id: Uuid = row.try_get("id")?;
    let corrupt = |column| Error::Corrupt {
        table: "erasures",
        column,
        row: id.to_string(),
    };
    let step = usize::try_from(row.try_get::<i16, _>("step")?).map_err(|_| corrupt("step"))?;
    let stage = match row.try_get("stage")? {
        1_i16 => Stage::Finding,
        2 => Stage::Erasing(step),
        3 => Stage::Checking(step),
        4 => Stage::Done,
        _ => return Err(corrupt("stage")),
    };
    let json = |column: &'static str| row.try_get::<Json, _>(column);
    let account: Uuid = row.try_get("account_id")?;
    let read = "digests, removed, found";
    let receipt = Receipt {
        salt: row.try_get("salt")?,
        digests: serde_json::from_value(json("digests")?).map_err(|_| corrupt(read))?,
        contacts: row.try_get("contact_ids")?,
        removed: serde_json::from_value(json("removed")?).map_err(|_| corrupt(read))?,
        found: serde_json::from_value(json("found")?).map_err(|_| corrupt(read))?,
        looked_at: row.try_get("looked_at")?,
        create_time: row.try_get("create_time")?,
        done_time: row.try_get("done_time")?,
        check_time: row.try_get("check_time")?,
    };
    Ok(Stored {
        erasure: Erasure {
            account: account.into(),
            id: id.into(),
            stage,
            attempt: row.try_get("attempt")?,
            secret: None,
            receipt,
            error: row.try_get("error")?,
            tries: row.try_get("tries")?,
        },
        sealed: row.try_get("sealed")?,
    })
}
