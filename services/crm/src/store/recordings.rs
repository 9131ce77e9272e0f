//! Recordings of telephone calls.

use pg::{Error, Tx};
use time::OffsetDateTime;
use types::{AccountId, ContactId, DealId, TimelineEntryId};
use uuid::Uuid;

use crate::domain::call::Recording;

/// Bytes of a part.
pub const PART: usize = 256 << 10;

/// A recording and whose it is.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The call.
    pub id: TimelineEntryId,
    /// With whom.
    pub contact: ContactId,
    /// About which deal.
    pub deal: Option<DealId>,
    /// What is known of it.
    pub recording: Recording,
}

/// Adds a recording with its bytes.
#[tracing::instrument(level = "debug", name = "db.recording.insert", skip_all)]
pub async fn insert(
    tx: &mut Tx,
    account: AccountId,
    kept: &Kept,
    contents: &[u8],
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO recordings (account_id, entry_id, contact_id, deal_id, media_type, size, create_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(account.uuid())
    .bind(kept.id.uuid())
    .bind(kept.contact.uuid())
    .bind(kept.deal.map(DealId::uuid))
    .bind(&kept.recording.media_type)
    .bind(kept.recording.size)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    for (part, contents) in (0_i32..).zip(contents.chunks(PART)) {
        sqlx::query(
            "INSERT INTO recording_parts (account_id, entry_id, part, contents) VALUES ($1, $2, $3, $4)",
        )
        .bind(account.uuid())
        .bind(kept.id.uuid())
        .bind(part)
        .bind(contents)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// The recording of a call.
#[tracing::instrument(level = "debug", name = "db.recording.find", skip_all)]
pub async fn find(
    tx: &mut Tx,
    account: AccountId,
    id: TimelineEntryId,
) -> Result<Option<Kept>, Error> {
    let row: Option<(Uuid, Option<Uuid>, String, i64)> = sqlx::query_as(
        "SELECT contact_id, deal_id, media_type, size FROM recordings WHERE account_id = $1 AND entry_id = $2",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(contact, deal, media_type, size)| Kept {
        id,
        contact: contact.into(),
        deal: deal.map(DealId::from),
        recording: Recording { media_type, size },
    }))
}

/// A part of a recording; `None` after the last.
#[tracing::instrument(level = "debug", name = "db.recording.part", skip_all)]
pub async fn part(
    tx: &mut Tx,
    account: AccountId,
    id: TimelineEntryId,
    part: i32,
) -> Result<Option<Vec<u8>>, Error> {
    let contents = sqlx::query_scalar(
        "SELECT contents FROM recording_parts WHERE account_id = $1 AND entry_id = $2 AND part = $3",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(part)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(contents)
}

/// Up to `limit` recordings of calls with contacts.
#[tracing::instrument(level = "debug", name = "db.recording.of_contacts", skip_all)]
pub async fn of_contacts(
    tx: &mut Tx,
    account: AccountId,
    contacts: &[Uuid],
    after: Uuid,
    limit: i64,
) -> Result<Vec<Uuid>, Error> {
    let ids = sqlx::query_scalar(
        "SELECT r.entry_id FROM unnest($2::uuid[]) AS w (id)
           JOIN recordings r ON r.account_id = $1 AND r.contact_id = w.id AND r.entry_id > $3
          ORDER BY r.entry_id LIMIT $4",
    )
    .bind(account.uuid())
    .bind(contacts)
    .bind(after)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids)
}

/// Deletes recordings with their bytes.
#[tracing::instrument(level = "debug", name = "db.recording.delete", skip_all)]
pub async fn delete(tx: &mut Tx, account: AccountId, ids: &[Uuid]) -> Result<(), Error> {
    sqlx::query("DELETE FROM recording_parts WHERE account_id = $1 AND entry_id = ANY ($2)")
        .bind(account.uuid())
        .bind(ids)
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM recordings WHERE account_id = $1 AND entry_id = ANY ($2)")
        .bind(account.uuid())
        .bind(ids)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
