//! What is erased of a client: facts of requests, plans and names of runs.

use erasure::{At, Found, Job, Step, Tally};
use pg::{Error, Tx};
use serde_json::Value as Json;
use sqlx::FromRow;
use uuid::Uuid;

/// Rows of a part.
const PAGE: i64 = 500;
/// Facts that are the client's own.
const OWN: [&str; 3] = ["client_name", "client_phone", "client_email"];

/// Whose request it is: connector and the channel's id, on two lines.
fn is_theirs(job: &Job, client_key: &str, found: &Found) -> bool {
    let channel = client_key.split_once('\n');
    let channel = channel.map(|(key, id)| (key.to_owned(), id.to_owned()));
    channel.is_some_and(|channel| job.person.channels.contains(&channel))
        || job.sieve.tells_who(found)
}

/// Who only looks counts what holds one of the values.
fn counts(job: &Job, found: &Found) -> bool {
    job.erases() || !found.is_empty()
}

/// Facts without what is the client's own, and which of the values there were.
fn clean_facts(job: &Job, facts: &mut Json) -> Found {
    let mut found = Found::new();
    job.sieve.clean_json(facts, &mut found);
    if let Json::Object(facts) = facts {
        facts.retain(|name, _| !OWN.contains(&&name[..]));
    }
    found
}

#[derive(FromRow)]
struct Request {
    conversation_id: Uuid,
    client_key: String,
    facts: Json,
}

/// Deletes the client's requests: what they became stands in the CRM.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.erasure.requests", skip_all, err)]
pub async fn requests(tx: &mut Tx, job: &Job, at: &At, tally: &mut Tally) -> Result<Step, Error> {
    let mut rows: Vec<Request> = sqlx::query_as(
        "SELECT conversation_id, client_key, facts FROM requests WHERE account_id = $1 AND conversation_id > $2
          ORDER BY conversation_id LIMIT $3",
    )
    .bind(job.account().uuid())
    .bind(at.id())
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    let mut theirs = Vec::new();
    for row in &mut rows {
        let found = clean_facts(job, &mut row.facts);
        if is_theirs(job, &row.client_key, &found) && counts(job, &found) {
            tally.add("sync.requests", &found);
            theirs.push(row.conversation_id);
        }
    }
    if job.erases() && !theirs.is_empty() {
        sqlx::query("DELETE FROM requests WHERE account_id = $1 AND conversation_id = ANY ($2)")
            .bind(job.account().uuid())
            .bind(theirs)
            .execute(&mut **tx)
            .await?;
    }
    Ok(Step::to(rows.last().map(|row| row.conversation_id)))
}

#[derive(FromRow)]
struct Pending {
    client_key: String,
    place: i64,
    job_id: Uuid,
    facts: Json,
}

/// Deletes what is still to be done for the client, who is not to become a contact any more; there is little of it.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.erasure.jobs", skip_all, err)]
pub async fn jobs(tx: &mut Tx, job: &Job, _: &At, tally: &mut Tally) -> Result<Step, Error> {
    let rows: Vec<Pending> = sqlx::query_as(
        "SELECT client_key, place, job_id, facts FROM jobs WHERE account_id = $1 ORDER BY client_key, place, job_id",
    )
    .bind(job.account().uuid())
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    for mut row in rows {
        let found = clean_facts(job, &mut row.facts);
        if !is_theirs(job, &row.client_key, &found) || !counts(job, &found) {
            continue;
        }
        tally.add("sync.jobs", &found);
        if job.erases() {
            drop_pending(tx, job, &row).await?;
        }
    }
    Ok(Step::default())
}

/// A worker that has the client sees that it has it no longer.
async fn drop_pending(tx: &mut Tx, job: &Job, row: &Pending) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM jobs WHERE account_id = $1 AND client_key = $2 AND place = $3 AND job_id = $4",
    )
    .bind(job.account().uuid())
    .bind(&row.client_key)
    .bind(row.place)
    .bind(row.job_id)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "DELETE FROM clients c WHERE c.account_id = $1 AND c.client_key = $2
            AND NOT EXISTS (SELECT FROM jobs j WHERE j.account_id = $1 AND j.client_key = $2)",
    )
    .bind(job.account().uuid())
    .bind(&row.client_key)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Run {
    run_id: Uuid,
    client_key: String,
    client_name: String,
    request: Json,
    plan: Json,
}

impl Run {
    /// Takes out what is the client's; which of the values there were.
    fn clean(&mut self, job: &Job) -> Found {
        let mut found = job.sieve.find(&self.client_name);
        job.sieve.clean_json(&mut self.plan, &mut found);
        if let Some(facts) = self.request.get_mut("facts") {
            found.extend(clean_facts(job, facts));
        }
        found
    }
}

/// Cleans the next runs: they stay, with their reasons.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.erasure.runs", skip_all, err)]
pub async fn runs(tx: &mut Tx, job: &Job, at: &At, tally: &mut Tally) -> Result<Step, Error> {
    let mut rows: Vec<Run> = sqlx::query_as(
        "SELECT run_id, client_key, client_name, request, plan FROM runs WHERE account_id = $1 AND run_id > $2
          ORDER BY run_id LIMIT $3",
    )
    .bind(job.account().uuid())
    .bind(at.id())
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    for row in &mut rows {
        let found = row.clean(job);
        if !is_theirs(job, &row.client_key, &found) || !counts(job, &found) {
            continue;
        }
        tally.add("sync.runs", &found);
        if job.erases() {
            write(tx, job, row).await?;
        }
    }
    Ok(Step::to(rows.last().map(|row| row.run_id)))
}

async fn write(tx: &mut Tx, job: &Job, run: &Run) -> Result<(), Error> {
    sqlx::query(
        "UPDATE runs SET client_name = '', client_key = '', request = $3, plan = $4 WHERE account_id = $1 AND run_id = $2",
    )
    .bind(job.account().uuid())
    .bind(run.run_id)
    .bind(&run.request)
    .bind(&run.plan)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes whose contacts the client is in portals.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.erasure.portal_clients", skip_all, err)]
pub async fn portal_clients(
    tx: &mut Tx,
    job: &Job,
    _: &At,
    tally: &mut Tally,
) -> Result<Step, Error> {
    let channels = job.person.channels.iter();
    let keys: Vec<String> = channels.map(|(key, id)| format!("{key}\n{id}")).collect();
    if job.erases() {
        let done = sqlx::query(
            "DELETE FROM portal_clients WHERE account_id = $1 AND client_key = ANY ($2)",
        )
        .bind(job.account().uuid())
        .bind(keys)
        .execute(&mut **tx)
        .await?;
        for _ in 0..done.rows_affected() {
            tally.add("sync.portal_clients", &Found::new());
        }
    }
    Ok(Step::default())
}
