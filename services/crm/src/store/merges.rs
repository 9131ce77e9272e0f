//! Merges of contacts that were not taken back.

use pg::{Error, Tx};
use serde_json::Value;
use time::OffsetDateTime;
use types::{AccountId, ContactId};

use super::corrupt;
use crate::domain::merge::Merge;

/// Keeps a merge under the contact that stayed and its version after it.
#[tracing::instrument(level = "debug", name = "db.merge.insert", skip_all)]
pub async fn insert(
    tx: &mut Tx,
    account: AccountId,
    (contact, version): (ContactId, i64),
    merge: &Merge,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let merge =
        serde_json::to_value(merge).map_err(|_| corrupt("merges", "merge", contact.uuid()))?;
    sqlx::query(
        "INSERT INTO merges (account_id, contact_id, version, merge, create_time) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(account.uuid())
    .bind(contact.uuid())
    .bind(version)
    .bind(merge)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes out the newest merge into a contact that is locked.
#[tracing::instrument(level = "debug", name = "db.merge.take_last", skip_all)]
pub async fn take_last(
    tx: &mut Tx,
    account: AccountId,
    contact: ContactId,
) -> Result<Option<Merge>, Error> {
    let merge: Option<Value> = sqlx::query_scalar(
        "DELETE FROM merges WHERE account_id = $1 AND contact_id = $2
            AND version = (SELECT max(version) FROM merges WHERE account_id = $1 AND contact_id = $2)
         RETURNING merge",
    )
    .bind(account.uuid())
    .bind(contact.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    merge
        .map(serde_json::from_value)
        .transpose()
        .map_err(|_| corrupt("merges", "merge", contact.uuid()))
}
