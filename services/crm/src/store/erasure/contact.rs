//! One of the person's contacts: it loses what is personal and stays where it is.

use erasure::{Found, Job, Tally};
use pg::{Error, Tx};
use serde_json::Value as Json;
use types::{ContactId, TimelineEntryId};
use uuid::Uuid;

use super::{counts, texts};
use crate::domain::card::Card;
use crate::domain::ids::CardId;
use crate::domain::merge::Merge;
use crate::domain::timeline::{Author, Entry, Event};
use crate::store::cards::{self, endings, points};
use crate::store::{corrupt, timeline};

/// Erases a contact; as it is now, if it was not deleted before.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.erasure.contact", skip_all, fields(contact.id = %id), err)]
pub async fn contact(
    tx: &mut Tx,
    job: &Job,
    id: ContactId,
    tally: &mut Tally,
) -> Result<Option<Card>, Error> {
    let Some(had_name) = name(tx, job, id, tally).await? else {
        return Ok(None);
    };
    // Those of a deleted contact are gone from the endings already.
    let before = cards::get(tx, job.account(), id.into()).await?;
    let mut fields = reach(tx, job, id, tally).await?;
    if had_name {
        fields.insert(0, "name");
    }
    texts::clean(tx, job, id.uuid(), true, tally).await?;
    merges(tx, job, id, tally).await?;
    if !job.erases() {
        return Ok(None);
    }
    let after = cards::get(tx, job.account(), id.into()).await?;
    endings::replace(tx, job.account(), before.as_ref(), after.as_ref()).await?;
    if job.attempt == 1 {
        tell(tx, job, id.into(), &fields).await?;
    }
    Ok(after)
}

/// Takes the name away. Had it one? `None` without such a contact.
async fn name(
    tx: &mut Tx,
    job: &Job,
    id: ContactId,
    tally: &mut Tally,
) -> Result<Option<bool>, Error> {
    let name: Option<String> = sqlx::query_scalar(
        "SELECT name FROM cards WHERE account_id = $1 AND card_id = $2 AND kind = 1 FOR NO KEY UPDATE",
    )
    .bind(job.account().uuid())
    .bind(id.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    let Some(name) = name else { return Ok(None) };
    tally.look(1);
    let found = job.sieve.find(&name);
    if counts(job, !name.is_empty(), &found) {
        tally.add("crm.contacts", &found);
    }
    if job.erases() {
        sqlx::query(
            "UPDATE cards SET name = '', version = version + 1, update_time = greatest(update_time, $3)
              WHERE account_id = $1 AND card_id = $2",
        )
        .bind(job.account().uuid())
        .bind(id.uuid())
        .bind(job.now)
        .execute(&mut **tx)
        .await?;
    }
    Ok(Some(!name.is_empty()))
}

/// Takes away numbers, e-mails and addresses, and the person's names in messengers. A messenger's id stays, since answers find their way
/// by it, unless it is itself one of the values. Which fields had something.
async fn reach(
    tx: &mut Tx,
    job: &Job,
    id: ContactId,
    tally: &mut Tally,
) -> Result<Vec<&'static str>, Error> {
    let rows: Vec<(i16, i32, String, String)> = sqlx::query_as(
        "SELECT kind, position, value, label FROM contact_points WHERE account_id = $1 AND card_id = $2 ORDER BY kind, position",
    )
    .bind(job.account().uuid())
    .bind(id.uuid())
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    let mut fields = Vec::new();
    for (kind, position, value, label) in rows {
        let mut found = job.sieve.find(&value);
        let goes = kind != points::MESSENGER || !found.is_empty();
        found.extend(job.sieve.find(&label));
        if !counts(job, goes || !label.is_empty(), &found) {
            continue;
        }
        tally.add("crm.contact_points", &found);
        fields.push(field(kind));
        if job.erases() {
            take_away(tx, job, id, (kind, position), goes).await?;
        }
    }
    fields.dedup();
    Ok(fields)
}

fn field(kind: i16) -> &'static str {
    match kind {
        points::PHONE => "phones",
        points::EMAIL => "emails",
        points::ADDRESS => "addresses",
        _ => "messengers",
    }
}

const WHOLE: &str = "DELETE FROM contact_points WHERE account_id = $1 AND card_id = $2 AND kind = $3 AND position = $4";
const NAME_ONLY: &str = "UPDATE contact_points SET label = '' WHERE account_id = $1 AND card_id = $2 AND kind = $3 AND position = $4";

async fn take_away(
    tx: &mut Tx,
    job: &Job,
    id: ContactId,
    (kind, position): (i16, i32),
    whole: bool,
) -> Result<(), Error> {
    sqlx::query(if whole { WHOLE } else { NAME_ONLY })
        .bind(job.account().uuid())
        .bind(id.uuid())
        .bind(kind)
        .bind(position)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Merges into the contact can still be taken back, without what was personal.
async fn merges(tx: &mut Tx, job: &Job, id: ContactId, tally: &mut Tally) -> Result<(), Error> {
    let rows: Vec<(i64, Json)> = sqlx::query_as(
        "SELECT version, merge FROM merges WHERE account_id = $1 AND contact_id = $2",
    )
    .bind(job.account().uuid())
    .bind(id.uuid())
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    for (version, merge) in rows {
        let wrong = |_| corrupt("merges", "merge", id.uuid());
        let found = super::found_in(job, &merge);
        let mut merge: Merge = serde_json::from_value(merge).map_err(wrong)?;
        let is_personal = |key: &str| !job.sieve.find(key).is_empty();
        let mut ignored = Found::new();
        let held = merge
            .gains
            .forget(is_personal, |json| job.sieve.clean_json(json, &mut ignored));
        if counts(job, held, &found) {
            tally.add("crm.merges", &found);
        }
        if job.erases() && held {
            sqlx::query(
                "UPDATE merges SET merge = $4 WHERE account_id = $1 AND contact_id = $2 AND version = $3",
            )
            .bind(job.account().uuid())
            .bind(id.uuid())
            .bind(version)
            .bind(sqlx::types::Json(merge))
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(())
}

/// The history says what happened (CAB-36), and of which fields, without what was there (CAB-34, CAB-37).
async fn tell(tx: &mut Tx, job: &Job, id: CardId, fields: &[&str]) -> Result<(), Error> {
    let entry = |event: Event, field: &str| Entry {
        id: TimelineEntryId::generate(),
        event,
        author: Author::robot(),
        field: field.to_owned(),
        before: None,
        after: None,
        time: job.now,
    };
    let changed = fields.iter().map(|field| entry(Event::FieldChanged, field));
    let entries: Vec<Entry> = std::iter::once(entry(Event::Erased, ""))
        .chain(changed)
        .collect();
    timeline::insert(tx, job.account(), id, &entries).await
}

/// Where contacts of the person went that are not among the person's: their merges and history tell of it.
///
/// # Errors
/// When the database fails.
pub(super) async fn targets(tx: &mut Tx, job: &Job) -> Result<Vec<Uuid>, Error> {
    let ids: Vec<Json> = sqlx::query_scalar(
        "SELECT after FROM timeline WHERE account_id = $1 AND card_id = ANY ($2) AND kind = $3 AND after IS NOT NULL",
    )
    .bind(job.account().uuid())
    .bind(job.person.contact_ids())
    .bind(timeline::number(Event::MergedInto))
    .fetch_all(&mut **tx)
    .await?;
    let ids = ids
        .iter()
        .filter_map(|id| id.as_str()?.parse::<ContactId>().ok());
    let mut others: Vec<Uuid> = ids
        .filter(|id| !job.person.contacts.contains(id))
        .map(ContactId::uuid)
        .collect();
    others.sort_unstable();
    others.dedup();
    Ok(others)
}

/// The merges of a contact that is not the person's, but took one of theirs.
pub(super) async fn merges_of_other(
    tx: &mut Tx,
    job: &Job,
    id: Uuid,
    tally: &mut Tally,
) -> Result<(), Error> {
    merges(tx, job, id.into(), tally).await
}
