//! What is still to be done, client by client.

use pg::{Error, Tx};
use rules::Occasion;
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, ConversationId};
use uuid::Uuid;

use super::{from_json, json};
use crate::domain::client::{Facts, occasion, occasion_number};

/// A client with jobs, taken by one worker.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Account.
    pub account: AccountId,
    /// Whose jobs.
    pub client_key: String,
    /// How often in a row the CRM did not answer.
    pub failures: i32,
    /// By what the worker is known: another that takes the client later has another.
    pub holder: Uuid,
}

/// A message that rules have to look at, or a run that is to be tried again.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Order among the client's jobs.
    pub place: i64,
    /// MessageId, or RunId.
    pub id: Uuid,
    /// The conversation.
    pub conversation: ConversationId,
    /// Into what the client wrote.
    pub occasion: Occasion,
    /// What is known of the request with this message.
    pub facts: Facts,
    /// When the client wrote.
    pub message_time: OffsetDateTime,
    /// Is it a run that is tried again?
    pub is_rerun: bool,
}

#[derive(FromRow)]
struct Row {
    place: i64,
    job_id: Uuid,
    conversation_id: Uuid,
    occasion: i16,
    facts: serde_json::Value,
    message_time: OffsetDateTime,
    is_rerun: bool,
}

impl TryFrom<Row> for Job {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            place: row.place,
            id: row.job_id,
            conversation: row.conversation_id.into(),
            occasion: occasion(row.occasion),
            facts: from_json(row.facts, "jobs", "facts", row.job_id)?,
            message_time: row.message_time,
            is_rerun: row.is_rerun,
        })
    }
}

/// Adds a job and makes its client known to the workers.
#[tracing::instrument(level = "debug", name = "db.job.add", skip_all)]
pub async fn add(
    tx: &mut Tx,
    account: AccountId,
    client_key: &str,
    job: &Job,
    now: OffsetDateTime,
) -> Result<(), Error> {
    // The row is locked even where it is there: whoever is about to take the client off waits, and sees the job.
    sqlx::query(
        "INSERT INTO clients AS c (account_id, client_key, due_time) VALUES ($1, $2, $3)
         ON CONFLICT (account_id, client_key) DO UPDATE SET due_time = c.due_time",
    )
    .bind(account.uuid())
    .bind(client_key)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "INSERT INTO jobs (account_id, client_key, place, job_id, conversation_id, occasion, facts, message_time, is_rerun)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
    )
    .bind(account.uuid())
    .bind(client_key)
    .bind(job.place)
    .bind(job.id)
    .bind(job.conversation.uuid())
    .bind(occasion_number(job.occasion))
    .bind(json(&job.facts)?)
    .bind(job.message_time)
    .bind(job.is_rerun)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes up to `limit` clients that are due; until `until` nobody else does.
#[tracing::instrument(level = "debug", name = "db.job.claim", skip_all)]
pub async fn claim(
    tx: &mut Tx,
    now: OffsetDateTime,
    until: OffsetDateTime,
    limit: i64,
) -> Result<Vec<Claim>, Error> {
    // Materialised: a nested loop would look anew for every row, passing over those that it has locked, and so take more than the limit.
    let rows: Vec<(Uuid, String, i32, Uuid)> = sqlx::query_as(
        "WITH d AS MATERIALIZED (SELECT account_id, client_key FROM clients WHERE due_time <= $1
                                  ORDER BY due_time LIMIT $3 FOR UPDATE SKIP LOCKED)
         UPDATE clients c SET due_time = $2, holder = gen_random_uuid() FROM d
          WHERE c.account_id = d.account_id AND c.client_key = d.client_key
         RETURNING c.account_id, c.client_key, c.failures, c.holder",
    )
    .bind(now)
    .bind(until)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    let claim = |(account, client_key, failures, holder): (Uuid, String, i32, Uuid)| Claim {
        account: account.into(),
        client_key,
        failures,
        holder,
    };
    Ok(rows.into_iter().map(claim).collect())
}

/// Keeps the client at least until `until`; false where another worker has taken it.
#[tracing::instrument(level = "debug", name = "db.job.hold", skip_all)]
pub async fn hold(tx: &mut Tx, claim: &Claim, until: OffsetDateTime) -> Result<bool, Error> {
    let held = sqlx::query(
        "UPDATE clients SET due_time = greatest(due_time, $4) WHERE account_id = $1 AND client_key = $2 AND holder = $3",
    )
    .bind(claim.account.uuid())
    .bind(&claim.client_key)
    .bind(claim.holder)
    .bind(until)
    .execute(&mut **tx)
    .await?;
    Ok(held.rows_affected() > 0)
}

/// The client's next job.
#[tracing::instrument(level = "debug", name = "db.job.next", skip_all)]
pub async fn next(tx: &mut Tx, claim: &Claim) -> Result<Option<Job>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT place, job_id, conversation_id, occasion, facts, message_time, is_rerun FROM jobs
          WHERE account_id = $1 AND client_key = $2 ORDER BY place, job_id LIMIT 1",
    )
    .bind(claim.account.uuid())
    .bind(&claim.client_key)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Job::try_from).transpose()
}

/// Takes a job that is done off, and keeps the client for the next; false where another worker has the client by now.
#[tracing::instrument(level = "debug", name = "db.job.done", skip_all)]
pub async fn done(
    tx: &mut Tx,
    claim: &Claim,
    job: &Job,
    until: OffsetDateTime,
) -> Result<bool, Error> {
    sqlx::query(
        "DELETE FROM jobs WHERE account_id = $1 AND client_key = $2 AND place = $3 AND job_id = $4",
    )
    .bind(claim.account.uuid())
    .bind(&claim.client_key)
    .bind(job.place)
    .bind(job.id)
    .execute(&mut **tx)
    .await?;
    let held = sqlx::query(
        "UPDATE clients SET due_time = $3, failures = 0 WHERE account_id = $1 AND client_key = $2 AND holder = $4",
    )
    .bind(claim.account.uuid())
    .bind(&claim.client_key)
    .bind(until)
    .bind(claim.holder)
    .execute(&mut **tx)
    .await?;
    Ok(held.rows_affected() > 0)
}

/// Takes a client without jobs off. The caller has locked its row before it looked for jobs: whoever adds one waits.
#[tracing::instrument(level = "debug", name = "db.job.release", skip_all)]
pub async fn release(tx: &mut Tx, claim: &Claim) -> Result<(), Error> {
    sqlx::query("DELETE FROM clients WHERE account_id = $1 AND client_key = $2 AND holder = $3")
        .bind(claim.account.uuid())
        .bind(&claim.client_key)
        .bind(claim.holder)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Lets a client rest whose CRM did not answer.
#[tracing::instrument(level = "debug", name = "db.job.postpone", skip_all)]
pub async fn postpone(tx: &mut Tx, claim: &Claim, until: OffsetDateTime) -> Result<(), Error> {
    sqlx::query(
        "UPDATE clients SET due_time = $3, failures = failures + 1, holder = NULL WHERE account_id = $1 AND client_key = $2 AND holder = $4",
    )
    .bind(claim.account.uuid())
    .bind(&claim.client_key)
    .bind(until)
    .bind(claim.holder)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
