//! Cards with all that belongs to them.

mod by_value;
pub mod endings;
pub mod list;
pub mod lookup;
mod own;
mod row;
mod write;

use pg::{Error, Tx};
use types::{AccountId, ContactId, PipelineId, StageId};
use uuid::Uuid;

use crate::domain::card::Card;
use crate::domain::ids::{CardId, Kind};
use row::{columns, from_row};

pub use by_value::by_value;
pub(super) use row::{kind, kind_number, points};
pub use write::{add_follower, delete, insert, remove_follower, restore, touch, update};

const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cards c WHERE c.account_id = $1 AND c.card_id = $2 AND c.kind = $3 AND c.delete_time IS NULL"
);

const BATCH: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cards c WHERE c.account_id = $1 AND c.card_id = ANY ($2) AND c.kind = $3 AND c.delete_time IS NULL"
);

/// A card.
#[tracing::instrument(level = "debug", name = "db.card.get", skip_all)]
pub async fn get(tx: &mut Tx, account: AccountId, id: CardId) -> Result<Option<Card>, Error> {
    let row = sqlx::query(GET)
        .bind(account.uuid())
        .bind(id.uuid())
        .bind(kind_number(id.kind()))
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// A card that nobody else changes until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.card.lock", skip_all)]
pub async fn lock(tx: &mut Tx, account: AccountId, id: CardId) -> Result<Option<Card>, Error> {
    // Apart from reading: what belongs to the card has to be read after the lock is there.
    let locked = sqlx::query(
        "SELECT 1 FROM cards WHERE account_id = $1 AND card_id = $2 AND kind = $3 AND delete_time IS NULL FOR NO KEY UPDATE",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(kind_number(id.kind()))
    .fetch_optional(&mut **tx)
    .await?;
    match locked {
        Some(_) => get(tx, account, id).await,
        None => Ok(None),
    }
}

/// Several cards of a kind, in no order; those that are not there are left out.
#[tracing::instrument(level = "debug", name = "db.card.batch", skip_all)]
pub async fn batch(
    tx: &mut Tx,
    account: AccountId,
    kind: Kind,
    ids: &[CardId],
) -> Result<Vec<Card>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query(BATCH)
        .bind(account.uuid())
        .bind(ids)
        .bind(kind_number(kind))
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(from_row).collect()
}

/// A card by the id alone, whatever its kind; `None` when it is not there.
#[tracing::instrument(level = "debug", name = "db.card.id", skip_all)]
pub async fn id(tx: &mut Tx, account: AccountId, id: Uuid) -> Result<Option<CardId>, Error> {
    let number: Option<i16> = sqlx::query_scalar(
        "SELECT kind FROM cards WHERE account_id = $1 AND card_id = $2 AND delete_time IS NULL",
    )
    .bind(account.uuid())
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    let known = |number| kind(number).ok_or_else(|| super::corrupt("cards", "kind", id));
    Ok(number.map(known).transpose()?.map(|kind| kind.id(id)))
}

/// The deals and customers of contacts, at most `limit`, in the order of their ids.
#[tracing::instrument(level = "debug", name = "db.card.of_contacts", skip_all)]
pub async fn of_contacts(
    tx: &mut Tx,
    account: AccountId,
    contacts: &[ContactId],
    limit: usize,
) -> Result<Vec<CardId>, Error> {
    let contacts: Vec<Uuid> = contacts.iter().map(|contact| contact.uuid()).collect();
    let rows: Vec<(Uuid, i16)> = sqlx::query_as(
        "SELECT DISTINCT c.card_id, c.kind FROM unnest($2::uuid[]) AS w (id)
           JOIN card_contacts l ON l.account_id = $1 AND l.contact_id = w.id
           JOIN cards c ON c.account_id = $1 AND c.card_id = l.card_id
          WHERE c.delete_time IS NULL ORDER BY c.card_id LIMIT $3",
    )
    .bind(account.uuid())
    .bind(contacts)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(&mut **tx)
    .await?;
    let id = |(id, number)| {
        let kind = kind(number).ok_or_else(|| super::corrupt("cards", "kind", id))?;
        Ok(kind.id(id))
    };
    rows.into_iter().map(id).collect()
}

/// Lets nobody else add a contact with this messenger until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.card.lock_messenger", skip_all)]
pub async fn lock_messenger(tx: &mut Tx, account: AccountId, lookup: &str) -> Result<(), Error> {
    sqlx::query(
        "SELECT pg_advisory_xact_lock(hashtextextended('crm messenger ' || $1::text || $2, 0))",
    )
    .bind(account.uuid())
    .bind(lookup)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Is there a deal on the stage?
#[tracing::instrument(level = "debug", name = "db.card.on_stage", skip_all)]
pub async fn on_stage(tx: &mut Tx, account: AccountId, stage: StageId) -> Result<bool, Error> {
    let found = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM cards WHERE account_id = $1 AND kind = 3 AND stage_id = $2 AND delete_time IS NULL)",
    )
    .bind(account.uuid())
    .bind(stage.uuid())
    .fetch_one(&mut **tx)
    .await?;
    Ok(found)
}

/// Is there a deal on any of the pipeline's stages?
#[tracing::instrument(level = "debug", name = "db.card.in_pipeline", skip_all)]
pub async fn in_pipeline(
    tx: &mut Tx,
    account: AccountId,
    pipeline: PipelineId,
    stages: &[StageId],
) -> Result<bool, Error> {
    let stages: Vec<Uuid> = stages.iter().map(|stage| stage.uuid()).collect();
    let found = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM unnest($3::uuid[]) AS s (id) CROSS JOIN LATERAL (
                SELECT FROM cards WHERE account_id = $1 AND kind = 3 AND stage_id = s.id AND pipeline_id = $2
                   AND delete_time IS NULL LIMIT 1) c)",
    )
    .bind(account.uuid())
    .bind(pipeline.uuid())
    .bind(stages)
    .fetch_one(&mut **tx)
    .await?;
    Ok(found)
}
