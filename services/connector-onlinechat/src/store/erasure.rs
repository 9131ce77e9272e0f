//! Erasing what is personal of visitors: their names, and values in what their sessions tell of pages. How they come back stays: whoever
//! writes again writes in the same chat.

use erasure::{At, Found, Job, Kind, Person, Step, Tally};
use pg::{Error, Tx};
use types::VisitorId;
use uuid::Uuid;

use crate::hub::CONNECTOR_KEY;

/// Visitors of a part.
const PAGE: usize = 100;

/// The names of the person's visitors.
#[tracing::instrument(name = "db.erasure.find", skip_all, err)]
pub async fn find(tx: &mut Tx, account: Uuid, known: &Person) -> Result<Person, Error> {
    let mut person = Person::default();
    let names: Vec<String> =
        sqlx::query_scalar("SELECT name FROM visitors WHERE account_id = $1 AND id = ANY ($2)")
            .bind(account)
            .bind(visitors(known))
            .fetch_all(&mut **tx)
            .await?;
    let names = names.iter();
    names.for_each(|name| person.add(Kind::MessengerName, name));
    Ok(person)
}

/// The person's visitors, in the order of their ids: an id of this channel is a visitor's.
fn visitors(person: &Person) -> Vec<Uuid> {
    let own = person
        .channels
        .iter()
        .filter(|(key, _)| key == CONNECTOR_KEY);
    let ids = own.filter_map(|(_, id)| id.parse::<VisitorId>().ok());
    let mut ids: Vec<Uuid> = ids.map(VisitorId::uuid).collect();
    ids.sort_unstable();
    ids
}

/// Erases the next visitors with their sessions.
#[tracing::instrument(name = "db.erasure.visitors", skip_all, err)]
pub async fn erase(tx: &mut Tx, job: &Job, at: &At, tally: &mut Tally) -> Result<Step, Error> {
    let left = visitors(&job.person).into_iter().filter(|id| *id > at.id());
    let page: Vec<Uuid> = left.take(PAGE).collect();
    let rows: Vec<(Uuid, String, Option<String>)> = sqlx::query_as(
        "SELECT id, name, external_key FROM visitors WHERE account_id = $1 AND id = ANY ($2)",
    )
    .bind(job.account().uuid())
    .bind(&page)
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    for (id, name, key) in rows {
        external_key(tx, job, id, key.as_deref(), tally).await?;
        let found = job.sieve.find(&name);
        if found.is_empty() && (!job.erases() || name.is_empty()) {
            continue;
        }
        tally.add("onlinechat.visitors", &found);
        if job.erases() {
            sqlx::query("UPDATE visitors SET name = '' WHERE account_id = $1 AND id = $2")
                .bind(job.account().uuid())
                .bind(id)
                .execute(&mut **tx)
                .await?;
        }
    }
    for id in &page {
        sessions(tx, job, *id, tally).await?;
    }
    Ok(Step::to(page.last()))
}

/// A site may know its clients by number or e-mail: then the external ID goes, and with it how the visitor is known on other devices.
async fn external_key(
    tx: &mut Tx,
    job: &Job,
    visitor: Uuid,
    key: Option<&str>,
    tally: &mut Tally,
) -> Result<(), Error> {
    let found = key.map(|key| job.sieve.find(key)).unwrap_or_default();
    if found.is_empty() {
        return Ok(());
    }
    tally.add("onlinechat.visitors", &found);
    if job.erases() {
        sqlx::query(
            "UPDATE visitors SET external_field_id = NULL, external_key = NULL WHERE account_id = $1 AND id = $2",
        )
        .bind(job.account().uuid())
        .bind(visitor)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

async fn sessions(tx: &mut Tx, job: &Job, visitor: Uuid, tally: &mut Tally) -> Result<(), Error> {
    let rows: Vec<(Vec<u8>, String, String, String)> = sqlx::query_as(
        "SELECT token_digest, page_url, page_title, referrer FROM visitor_sessions WHERE account_id = $1 AND visitor_id = $2",
    )
    .bind(job.account().uuid())
    .bind(visitor)
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    for (token, url, title, referrer) in rows {
        let mut found = Found::new();
        let [url, title, referrer] =
            [url, title, referrer].map(|text| job.sieve.clean(&text, &mut found).unwrap_or(text));
        if found.is_empty() {
            continue;
        }
        tally.add("onlinechat.visitor_sessions", &found);
        if job.erases() {
            sqlx::query(
                "UPDATE visitor_sessions SET page_url = $3, page_title = $4, referrer = $5 WHERE account_id = $1 AND token_digest = $2",
            )
            .bind(job.account().uuid())
            .bind(token)
            .bind(url)
            .bind(title)
            .bind(referrer)
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(())
}
