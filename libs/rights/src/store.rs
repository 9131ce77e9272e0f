//! This service's copy of who works in an account and who may do what.

use pg::{Error, Tx};
use types::AccountId;

/// Keeps a snapshot, unless a newer one is there.
#[tracing::instrument(level = "debug", name = "db.account_rights.keep", skip_all)]
pub async fn keep(
    tx: &mut Tx,
    account: AccountId,
    epoch: i64,
    snapshot: &[u8],
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO account_rights AS r (account_id, epoch, snapshot) VALUES ($1, $2, $3)
         ON CONFLICT (account_id) DO UPDATE SET epoch = excluded.epoch, snapshot = excluded.snapshot
          WHERE r.epoch < excluded.epoch",
    )
    .bind(account.uuid())
    .bind(epoch)
    .bind(snapshot)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The epoch of the snapshot; `None` before the first.
#[tracing::instrument(level = "debug", name = "db.account_rights.epoch", skip_all)]
pub async fn epoch(tx: &mut Tx, account: AccountId) -> Result<Option<i64>, Error> {
    let epoch = sqlx::query_scalar("SELECT epoch FROM account_rights WHERE account_id = $1")
        .bind(account.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(epoch)
}

/// The snapshot.
#[tracing::instrument(level = "debug", name = "db.account_rights.snapshot", skip_all)]
pub async fn snapshot(tx: &mut Tx, account: AccountId) -> Result<Option<Vec<u8>>, Error> {
    let snapshot = sqlx::query_scalar("SELECT snapshot FROM account_rights WHERE account_id = $1")
        .bind(account.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(snapshot)
}
