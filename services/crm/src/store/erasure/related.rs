//! The cards around the person: deals and customers, and contacts that theirs went into. They are not the person's; only the values go
//! where they occur.

use erasure::{At, Found, Job, Step, Tally};
use pg::{Error, Tx};
use uuid::Uuid;

use super::contact::{merges_of_other, targets};
use super::texts;
use crate::domain::card::Card;
use crate::domain::ids::CardId;
use crate::store::cards::{self, kind};
use crate::store::corrupt;

/// Cards of a part.
const PAGE: i64 = 50;

/// Cleans the next of these cards; those whose names changed.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.erasure.related", skip_all, err)]
pub async fn related(
    tx: &mut Tx,
    job: &Job,
    at: &At,
    tally: &mut Tally,
) -> Result<(Step, Vec<Card>), Error> {
    if at.place.is_empty() {
        for id in targets(tx, job).await? {
            merges_of_other(tx, job, id, tally).await?;
            texts::clean(tx, job, id, false, tally).await?;
        }
    }
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "SELECT DISTINCT l.card_id FROM unnest($2::uuid[]) AS w (id)
           JOIN card_contacts l ON l.account_id = $1 AND l.contact_id = w.id
          WHERE l.card_id > $3 ORDER BY l.card_id LIMIT $4",
    )
    .bind(job.account().uuid())
    .bind(job.person.contact_ids())
    .bind(at.id())
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await?;
    let mut renamed = Vec::new();
    for id in &ids {
        renamed.extend(name(tx, job, *id, tally).await?);
        texts::clean(tx, job, *id, false, tally).await?;
    }
    Ok((Step::to(ids.last()), renamed))
}

/// The deals and customers of the person's contacts.
///
/// # Errors
/// When the database fails.
pub async fn around(tx: &mut Tx, job: &Job) -> Result<Vec<CardId>, Error> {
    let rows: Vec<(Uuid, i16)> = sqlx::query_as(
        "SELECT DISTINCT c.card_id, c.kind FROM unnest($2::uuid[]) AS w (id)
           JOIN card_contacts l ON l.account_id = $1 AND l.contact_id = w.id
           JOIN cards c ON c.account_id = $1 AND c.card_id = l.card_id",
    )
    .bind(job.account().uuid())
    .bind(job.person.contact_ids())
    .fetch_all(&mut **tx)
    .await?;
    let id = |(id, number)| {
        let kind = kind(number).ok_or_else(|| corrupt("cards", "kind", id))?;
        Ok(kind.id(id))
    };
    rows.into_iter().map(id).collect()
}

/// The card when its name changed and it is not deleted.
async fn name(tx: &mut Tx, job: &Job, id: Uuid, tally: &mut Tally) -> Result<Option<Card>, Error> {
    let row: Option<(i16, String)> = sqlx::query_as(
        "SELECT kind, name FROM cards WHERE account_id = $1 AND card_id = $2 FOR NO KEY UPDATE",
    )
    .bind(job.account().uuid())
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    let Some((number, name)) = row else {
        return Ok(None);
    };
    tally.look(1);
    let mut found = Found::new();
    let Some(clean) = job.sieve.clean(&name, &mut found) else {
        return Ok(None);
    };
    tally.add("crm.cards", &found);
    if !job.erases() {
        return Ok(None);
    }
    sqlx::query(
        "UPDATE cards SET name = $3, version = version + 1, update_time = greatest(update_time, $4)
          WHERE account_id = $1 AND card_id = $2",
    )
    .bind(job.account().uuid())
    .bind(id)
    .bind(clean)
    .bind(job.now)
    .execute(&mut **tx)
    .await?;
    let kind = kind(number).ok_or_else(|| corrupt("cards", "kind", id))?;
    cards::get(tx, job.account(), kind.id(id)).await
}
