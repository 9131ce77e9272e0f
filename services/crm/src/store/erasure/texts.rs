//! Texts of a card: values of the account's own fields, tasks, what happened. They stay, without the values.

use erasure::{Found, Job, Tally};
use pg::{Error, Tx};
use serde_json::Value as Json;
use uuid::Uuid;

use super::{PERSONAL, counts, found_in};
use crate::domain::call::Call;
use crate::domain::timeline::Event;
use crate::store::timeline::number;

/// Entries that are read at once.
const PAGE: i64 = 500;

/// Cleans the texts of a card; of one of the person's `own` contacts, entries about personal fields lose what was there.
///
/// # Errors
/// When the database fails.
pub(super) async fn clean(
    tx: &mut Tx,
    job: &Job,
    card: Uuid,
    own: bool,
    tally: &mut Tally,
) -> Result<(), Error> {
    values(tx, job, card, tally).await?;
    tasks(tx, job, card, tally).await?;
    timeline(tx, job, card, own, tally).await
}

async fn values(tx: &mut Tx, job: &Job, card: Uuid, tally: &mut Tally) -> Result<(), Error> {
    let rows: Vec<(Uuid, Json)> = sqlx::query_as(
        "SELECT field_id, value FROM card_values WHERE account_id = $1 AND card_id = $2",
    )
    .bind(job.account().uuid())
    .bind(card)
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    for (field, mut value) in rows {
        let mut found = Found::new();
        if !job.sieve.clean_json(&mut value, &mut found) {
            continue;
        }
        tally.add("crm.card_values", &found);
        if job.erases() {
            sqlx::query(
                "UPDATE card_values SET value = $4 WHERE account_id = $1 AND card_id = $2 AND field_id = $3",
            )
            .bind(job.account().uuid())
            .bind(card)
            .bind(field)
            .bind(value)
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(())
}

async fn tasks(tx: &mut Tx, job: &Job, card: Uuid, tally: &mut Tally) -> Result<(), Error> {
    let rows: Vec<(Uuid, String, String)> = sqlx::query_as(
        "SELECT task_id, text, result FROM tasks WHERE account_id = $1 AND card_id = $2",
    )
    .bind(job.account().uuid())
    .bind(card)
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    for (task, text, result) in rows {
        let mut found = Found::new();
        let clean = [&text, &result].map(|text| job.sieve.clean(text, &mut found));
        if found.is_empty() {
            continue;
        }
        tally.add("crm.tasks", &found);
        let [clean_text, clean_result] = clean;
        if job.erases() {
            sqlx::query(
                "UPDATE tasks SET text = $3, result = $4, version = version + 1 WHERE account_id = $1 AND task_id = $2",
            )
            .bind(job.account().uuid())
            .bind(task)
            .bind(clean_text.unwrap_or(text))
            .bind(clean_result.unwrap_or(result))
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(())
}

/// An entry: its id, kind and field, what it tells.
type EntryRow = (Uuid, i16, String, Option<Json>, Option<Json>);

async fn timeline(
    tx: &mut Tx,
    job: &Job,
    card: Uuid,
    own: bool,
    tally: &mut Tally,
) -> Result<(), Error> {
    let mut after = Uuid::nil();
    loop {
        let rows: Vec<EntryRow> = sqlx::query_as(
            "SELECT entry_id, kind, field, before, after FROM timeline
              WHERE account_id = $1 AND card_id = $2 AND entry_id > $3 ORDER BY entry_id LIMIT $4",
        )
        .bind(job.account().uuid())
        .bind(card)
        .bind(after)
        .bind(PAGE)
        .fetch_all(&mut **tx)
        .await?;
        let Some((last, ..)) = rows.last() else {
            return Ok(());
        };
        after = *last;
        tally.look(rows.len());
        let changed: Vec<_> = rows
            .into_iter()
            .filter_map(|row| clean_entry(job, own, row, tally))
            .collect();
        if job.erases() {
            write(tx, job, card, changed).await?;
        }
    }
}

/// The entry as it has to be; `None` when it may stay.
fn clean_entry(
    job: &Job,
    own: bool,
    (id, kind, field, before, after): EntryRow,
    tally: &mut Tally,
) -> Option<(Uuid, Option<Json>, Option<Json>)> {
    let told = [before, after];
    let mut found = Found::new();
    for json in told.iter().flatten() {
        found.extend(found_in(job, json));
    }
    if let Some(mut call) = call_with(job, kind, &told[1]) {
        let holds = call.forget();
        return counts(job, holds, &found).then(|| {
            tally.add("crm.timeline", &found);
            (id, None, serde_json::to_value(call).ok())
        });
    }
    if own && is_personal(kind, &field) {
        let holds = told.iter().any(Option::is_some);
        return counts(job, holds, &found).then(|| {
            tally.add("crm.timeline", &found);
            (id, None, None)
        });
    }
    if found.is_empty() {
        return None;
    }
    tally.add("crm.timeline", &found);
    let [before, after] = told.map(|json| {
        json.map(|mut json| {
            job.sieve.clean_json(&mut json, &mut found);
            json
        })
    });
    Some((id, before, after))
}

/// The call with one of the person's contacts that an entry tells of.
fn call_with(job: &Job, kind: i16, told: &Option<Json>) -> Option<Call> {
    let is_call = kind == number(Event::Call);
    let told = told.clone().filter(|_| is_call)?;
    let call: Call = serde_json::from_value(told).ok()?;
    job.person.contacts.contains(&call.contact).then_some(call)
}

/// Is it about a personal field? The beginning and the end of a card tell its name.
fn is_personal(kind: i16, field: &str) -> bool {
    let of_name = [Event::Created, Event::Deleted].map(number);
    of_name.contains(&kind) || PERSONAL.iter().any(|(personal, _)| *personal == field)
}

async fn write(
    tx: &mut Tx,
    job: &Job,
    card: Uuid,
    changed: Vec<(Uuid, Option<Json>, Option<Json>)>,
) -> Result<(), Error> {
    let (mut ids, mut befores, mut afters) = (Vec::new(), Vec::new(), Vec::new());
    for (id, before, after) in changed {
        ids.push(id);
        befores.push(before);
        afters.push(after);
    }
    sqlx::query(
        "UPDATE timeline t SET before = n.before, after = n.after
           FROM unnest($3::uuid[], $4::jsonb[], $5::jsonb[]) AS n (entry_id, before, after)
          WHERE t.account_id = $1 AND t.card_id = $2 AND t.entry_id = n.entry_id",
    )
    .bind(job.account().uuid())
    .bind(card)
    .bind(ids)
    .bind(befores)
    .bind(afters)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
