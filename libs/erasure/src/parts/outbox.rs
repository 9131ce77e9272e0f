//! Events that are still kept for others. Whoever has not read them yet reads them without the values.

use events::shard_of;
use pg::{Error, Tx};
use uuid::Uuid;

use super::{Own, PAGE};
use crate::messages::Payloads;
use crate::sieve::Found;
use crate::store::{At, Job, Step};
use crate::tally::Tally;

/// Takes the values out of the account's events.
///
/// # Errors
/// When the database fails.
pub async fn outbox(
    tx: &mut Tx,
    job: &Job,
    at: &At,
    (place, payloads, own): (&str, Payloads, &Own),
    tally: &mut Tally,
) -> Result<Step, Error> {
    let shard = shard_of(job.account()).cast_signed();
    let rows: Vec<(i64, Uuid, String, Vec<u8>)> = sqlx::query_as(
        "SELECT position, aggregate_id, kind, payload FROM outbox
          WHERE shard = $1 AND position > $2 AND account_id = $3 ORDER BY position LIMIT $4",
    )
    .bind(shard)
    .bind(at.number())
    .bind(job.account().uuid())
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    let last = rows.last().map(|(position, ..)| *position);
    let (mut positions, mut cleaned) = (Vec::new(), Vec::new());
    for (position, aggregate, kind, payload) in rows {
        let mut found = Found::new();
        let clean = payloads.clean_event(&kind, &payload, &job.sieve, &mut found);
        if let Some(clean) = clean.filter(|_| own.is_told(aggregate, &job.sieve, &found)) {
            tally.add(place, &found);
            positions.push(position);
            cleaned.push(clean);
        }
    }
    if job.erases() && !positions.is_empty() {
        sqlx::query(
            "UPDATE outbox o SET payload = n.payload FROM unnest($2::bigint[], $3::bytea[]) AS n (position, payload)
              WHERE o.shard = $1 AND o.position = n.position",
        )
        .bind(shard)
        .bind(positions)
        .bind(cleaned)
        .execute(&mut **tx)
        .await?;
    }
    Ok(Step::to(last))
}
