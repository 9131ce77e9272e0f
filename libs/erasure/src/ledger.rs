//! How far an erasure has come in a store: written in the transaction of each part, so that after a kill it goes on where it was and
//! each row is counted once.

use pg::{Error, Tx};
use serde_json::Value as Json;
use sqlx::Row;

use crate::store::{At, Job, Step};
use crate::tally::Tally;

/// How far it has come.
#[derive(Debug, Clone)]
pub struct Progress {
    /// What is next.
    pub at: At,
    /// What was removed.
    pub removed: Tally,
    /// Is it all?
    pub done: bool,
}

/// Locks the erasure's row, which is made when it is not there; begins anew with a greater attempt.
///
/// # Errors
/// When the database fails.
pub async fn open(tx: &mut Tx, job: &Job) -> Result<Progress, Error> {
    let row = sqlx::query(
        "INSERT INTO erasures AS e (account_id, erasure_id, attempt, contact_ids, stage, place, removed, create_time)
         VALUES ($1, $2, $3, $4, 0, '', '{\"places\": {}}', $5)
         ON CONFLICT (account_id, erasure_id) DO UPDATE
            SET attempt = greatest(e.attempt, excluded.attempt),
                contact_ids = excluded.contact_ids,
                stage = CASE WHEN excluded.attempt > e.attempt THEN 0 ELSE e.stage END,
                place = CASE WHEN excluded.attempt > e.attempt THEN '' ELSE e.place END,
                done_time = CASE WHEN excluded.attempt > e.attempt THEN NULL ELSE e.done_time END
         RETURNING stage, place, removed, done_time IS NOT NULL AS done",
    )
    .bind(job.account().uuid())
    .bind(job.erasure)
    .bind(job.attempt)
    .bind(job.person.contact_ids())
    .bind(job.now)
    .fetch_one(&mut **tx)
    .await?;
    let corrupt = |_| Error::Corrupt {
        table: "erasures",
        column: "removed",
        row: job.erasure.to_string(),
    };
    let removed: Json = row.try_get("removed")?;
    Ok(Progress {
        at: At {
            stage: row.try_get::<i32, _>("stage")?.cast_unsigned(),
            place: row.try_get("place")?,
        },
        removed: serde_json::from_value(removed).map_err(corrupt)?,
        done: row.try_get("done")?,
    })
}

/// Writes that a part was done.
///
/// # Errors
/// `Serialization` when somebody else did it meanwhile, or when the database fails.
pub async fn advance(
    tx: &mut Tx,
    job: &Job,
    before: Progress,
    (step, stages): (&Step, u32),
    tally: &Tally,
) -> Result<Progress, Error> {
    let at = next(&before.at, step);
    let mut removed = before.removed;
    removed.merge(tally);
    let done = at.stage >= stages;
    let written = sqlx::query(
        "UPDATE erasures SET stage = $3, place = $4, removed = $5, done_time = CASE WHEN $6 THEN $7 END
          WHERE account_id = $1 AND erasure_id = $2 AND stage = $8 AND place = $9 AND attempt = $10",
    )
    .bind(job.account().uuid())
    .bind(job.erasure)
    .bind(at.stage.cast_signed())
    .bind(&at.place)
    .bind(sqlx::types::Json(&removed))
    .bind(done)
    .bind(job.now)
    .bind(before.at.stage.cast_signed())
    .bind(&before.at.place)
    .bind(job.attempt)
    .execute(&mut **tx)
    .await?;
    if written.rows_affected() == 0 {
        return Err(Error::Serialization);
    }
    Ok(Progress { at, removed, done })
}

/// The place after a part.
pub fn next(at: &At, step: &Step) -> At {
    match &step.next {
        Some(place) => At {
            stage: at.stage,
            place: place.clone(),
        },
        None => At {
            stage: at.stage + 1,
            place: String::new(),
        },
    }
}
