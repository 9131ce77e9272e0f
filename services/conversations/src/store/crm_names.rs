//! What there is in crm for filters to name: pipelines, stages and tags.

use std::collections::HashSet;

use pg::{Error, Tx};
use types::AccountId;
use uuid::Uuid;

/// What a name belongs to; the numbers of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A pipeline.
    Pipeline = 1,
    /// A stage.
    Stage = 2,
    /// A tag.
    Tag = 3,
}

/// Keeps a name.
///
/// # Errors
/// When the database fails.
pub async fn keep(
    tx: &mut Tx,
    account: AccountId,
    kind: Kind,
    (id, parent): (Uuid, Option<Uuid>),
    name: &str,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO crm_names (account_id, id, kind, parent_id, name) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (account_id, id) DO UPDATE SET name = excluded.name",
    )
    .bind(account.uuid())
    .bind(id)
    .bind(kind as i16)
    .bind(parent)
    .bind(name)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets what was deleted.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &mut Tx, account: AccountId, id: Uuid) -> Result<(), Error> {
    sqlx::query("DELETE FROM crm_names WHERE account_id = $1 AND id = $2")
        .bind(account.uuid())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Forgets the stages of a pipeline that are not among these.
///
/// # Errors
/// When the database fails.
pub async fn forget_other_stages(
    tx: &mut Tx,
    account: AccountId,
    pipeline: Uuid,
    stages: &[Uuid],
) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM crm_names WHERE account_id = $1 AND parent_id = $2 AND id <> ALL ($3)",
    )
    .bind(account.uuid())
    .bind(pipeline)
    .bind(stages)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Those of these ids that are there.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(level = "debug", name = "db.crm_name.there", skip_all)]
pub async fn there(tx: &mut Tx, account: AccountId, ids: &[Uuid]) -> Result<HashSet<Uuid>, Error> {
    let found: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM crm_names WHERE account_id = $1 AND id = ANY ($2)")
            .bind(account.uuid())
            .bind(ids)
            .fetch_all(&mut **tx)
            .await?;
    Ok(found.into_iter().collect())
}
