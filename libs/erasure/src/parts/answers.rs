//! Answers that are kept for repeated calls. One that tells a value is forgotten: a call that is repeated is refused then, and makes
//! nothing anew.

use pg::{Error, Tx};
use uuid::Uuid;

use super::{Own, PAGE};
use crate::messages::Payloads;
use crate::store::{At, Job, Step};
use crate::tally::Tally;

/// Key of an answer.
type Key = (Uuid, String, Uuid);

/// Forgets answers that tell a value, and the digests of their requests.
///
/// # Errors
/// When the database fails.
pub async fn answers(
    tx: &mut Tx,
    job: &Job,
    at: &At,
    (place, payloads, own): (&str, Payloads, &Own),
    tally: &mut Tally,
) -> Result<Step, Error> {
    let (caller, method, request) = key(&at.place);
    let rows: Vec<(Uuid, String, Uuid, Option<Vec<u8>>)> = sqlx::query_as(
        "SELECT caller, method, request_id, response FROM idempotency_keys
          WHERE account_id = $1 AND (caller, method, request_id) > ($2, $3, $4)
          ORDER BY caller, method, request_id LIMIT $5",
    )
    .bind(job.account().uuid())
    .bind(caller)
    .bind(method)
    .bind(request)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    let last = rows
        .last()
        .map(|(caller, method, id, _)| format!("{caller}/{method}/{id}"));
    for (caller, method, request, response) in rows {
        let answer = response.unwrap_or_default();
        let found = payloads.in_answer(&method, &answer, &job.sieve);
        if !own.is_answered(&answer, &job.sieve, &found) {
            continue;
        }
        tally.add(place, &found);
        if job.erases() {
            sqlx::query(
                "UPDATE idempotency_keys SET response = NULL, request_hash = ''
                  WHERE account_id = $1 AND caller = $2 AND method = $3 AND request_id = $4",
            )
            .bind(job.account().uuid())
            .bind(caller)
            .bind(method)
            .bind(request)
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(Step::to(last))
}

fn key(place: &str) -> Key {
    let mut parts = place.split('/');
    let mut next = || parts.next().unwrap_or_default();
    let (caller, method, request) = (next(), next(), next());
    (
        caller.parse().unwrap_or_default(),
        method.to_owned(),
        request.parse().unwrap_or_default(),
    )
}
