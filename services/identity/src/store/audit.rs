//! The audit log.

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, AuditEntryId};
use uuid::Uuid;

use crate::domain::audit::{Entry, NewEntry};

#[derive(FromRow)]
struct EntryRow {
    entry_id: Uuid,
    actor: String,
    action: String,
    target: String,
    changes: serde_json::Value,
    create_time: OffsetDateTime,
}

impl From<EntryRow> for Entry {
    fn from(row: EntryRow) -> Self {
        Self {
            id: row.entry_id.into(),
            actor: row.actor,
            action: row.action,
            target: row.target,
            changes: row.changes,
            time: row.create_time,
        }
    }
}

/// Adds an entry, in the transaction of the change it tells of.
#[tracing::instrument(level = "debug", name = "db.audit.insert", skip_all)]
pub async fn insert(tx: &mut Tx, account: AccountId, entry: NewEntry) -> Result<(), Error> {
    insert_once(tx, account, AuditEntryId::generate().uuid(), entry).await
}

/// Adds an entry under an id of whoever tells it, unless it is there.
#[tracing::instrument(level = "debug", name = "db.audit.insert_once", skip_all)]
pub async fn insert_once(
    tx: &mut Tx,
    account: AccountId,
    id: Uuid,
    entry: NewEntry,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO audit_entries (account_id, entry_id, actor, action, target, changes, create_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account_id, entry_id) DO NOTHING",
    )
    .bind(account.uuid())
    .bind(id)
    .bind(entry.actor.to_string())
    .bind(entry.action)
    .bind(entry.target)
    .bind(entry.changes.into_json())
    .bind(entry.time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Up to `limit` entries before one, the newest first.
#[tracing::instrument(level = "debug", name = "db.audit.list", skip_all)]
pub async fn list(
    tx: &mut Tx,
    account: AccountId,
    before: Option<AuditEntryId>,
    limit: i64,
) -> Result<Vec<Entry>, Error> {
    let rows: Vec<EntryRow> = sqlx::query_as(
        "SELECT entry_id, actor, action, target, changes, create_time FROM audit_entries
          WHERE account_id = $1 AND entry_id < $2 ORDER BY entry_id DESC LIMIT $3",
    )
    .bind(account.uuid())
    .bind(before.map_or(Uuid::max(), AuditEntryId::uuid))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}
