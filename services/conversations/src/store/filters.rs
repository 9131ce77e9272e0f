//! Saved filters (CNV-28, CNV-30), each of one user.

use auth::AccountScope;
use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::FilterId;
use uuid::Uuid;

/// A saved filter.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Saved {
    /// FilterId.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The tree, encoded.
    pub filter: Vec<u8>,
    /// Grows with every change.
    pub version: i64,
    /// When it was saved first.
    pub create_time: OffsetDateTime,
}

/// Adds a filter.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    account: AccountScope,
    owner: Uuid,
    saved: &Saved,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO filters (account_id, owner_id, id, name, filter, version, create_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(account.account().uuid())
    .bind(owner)
    .bind(saved.id)
    .bind(&saved.name)
    .bind(&saved.filter)
    .bind(saved.version)
    .bind(saved.create_time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores a filter that was locked.
///
/// # Errors
/// When the database fails.
pub async fn update(
    tx: &mut Tx,
    account: AccountScope,
    owner: Uuid,
    saved: &Saved,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE filters SET name = $4, filter = $5, version = $6 WHERE account_id = $1 AND owner_id = $2 AND id = $3",
    )
    .bind(account.account().uuid())
    .bind(owner)
    .bind(saved.id)
    .bind(&saved.name)
    .bind(&saved.filter)
    .bind(saved.version)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a filter; false when there was none.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    tx: &mut Tx,
    account: AccountScope,
    owner: Uuid,
    id: FilterId,
) -> Result<bool, Error> {
    let deleted =
        sqlx::query("DELETE FROM filters WHERE account_id = $1 AND owner_id = $2 AND id = $3")
            .bind(account.account().uuid())
            .bind(owner)
            .bind(id.uuid())
            .execute(&mut **tx)
            .await?;
    Ok(deleted.rows_affected() == 1)
}

/// One filter, which nobody else changes until the transaction ends.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(level = "debug", name = "db.filter.lock", skip_all)]
pub async fn lock(
    tx: &mut Tx,
    account: AccountScope,
    owner: Uuid,
    id: FilterId,
) -> Result<Option<Saved>, Error> {
    Ok(sqlx::query_as(
        "SELECT id, name, filter, version, create_time FROM filters
          WHERE account_id = $1 AND owner_id = $2 AND id = $3 FOR UPDATE",
    )
    .bind(account.account().uuid())
    .bind(owner)
    .bind(id.uuid())
    .fetch_optional(&mut **tx)
    .await?)
}

/// One filter.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(level = "debug", name = "db.filter.get", skip_all)]
pub async fn get(
    tx: &mut Tx,
    account: AccountScope,
    owner: Uuid,
    id: FilterId,
) -> Result<Option<Saved>, Error> {
    Ok(sqlx::query_as(
        "SELECT id, name, filter, version, create_time FROM filters WHERE account_id = $1 AND owner_id = $2 AND id = $3",
    )
    .bind(account.account().uuid())
    .bind(owner)
    .bind(id.uuid())
    .fetch_optional(&mut **tx)
    .await?)
}

/// Up to `limit` filters after one, oldest first.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(level = "debug", name = "db.filter.list", skip_all)]
pub async fn list(
    tx: &mut Tx,
    account: AccountScope,
    owner: Uuid,
    after: Option<FilterId>,
    limit: i64,
) -> Result<Vec<Saved>, Error> {
    Ok(sqlx::query_as(
        "SELECT id, name, filter, version, create_time FROM filters
          WHERE account_id = $1 AND owner_id = $2 AND id > $3 ORDER BY id LIMIT $4",
    )
    .bind(account.account().uuid())
    .bind(owner)
    .bind(after.map_or(Uuid::nil(), FilterId::uuid))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?)
}
