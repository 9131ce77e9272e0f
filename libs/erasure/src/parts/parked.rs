//! Events of others that could not take effect and are kept to be run again.

use pg::{Error, Tx};
use uuid::Uuid;

use super::Own;
use crate::messages::Payloads;
use crate::sieve::Found;
use crate::store::{Job, Step};
use crate::tally::Tally;

/// Takes the values out of the account's parked events; there are few.
///
/// # Errors
/// When the database fails.
pub async fn parked(
    tx: &mut Tx,
    job: &Job,
    (place, payloads, own): (&str, Payloads, &Own),
    tally: &mut Tally,
) -> Result<Step, Error> {
    let rows: Vec<(String, i16, i64, Uuid, String, Vec<u8>)> = sqlx::query_as(
        "SELECT source, shard, position, aggregate_id, kind, payload FROM parked_events WHERE account_id = $1",
    )
    .bind(job.account().uuid())
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    for (source, shard, position, aggregate, kind, payload) in rows {
        let mut found = Found::new();
        let clean = payloads.clean_event(&kind, &payload, &job.sieve, &mut found);
        let Some(clean) = clean.filter(|_| own.is_told(aggregate, &job.sieve, &found)) else {
            continue;
        };
        tally.add(place, &found);
        if job.erases() {
            sqlx::query(
                "UPDATE parked_events SET payload = $5 WHERE account_id = $1 AND source = $2 AND shard = $3 AND position = $4",
            )
            .bind(job.account().uuid())
            .bind(source)
            .bind(shard)
            .bind(position)
            .bind(clean)
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(Step::default())
}
