//! The epoch of an account's rights, and its settings.

use access::Options;
use pg::{Error, Tx};
use types::AccountId;

use crate::domain::rights::StoredOptions;

/// Lets the epoch grow by one and says what it is now. The row stays locked until the commit: whoever reads the account's state
/// after this reads every change with a smaller epoch.
#[tracing::instrument(level = "debug", name = "db.rights.grow", skip_all)]
pub async fn grow(tx: &mut Tx, account: AccountId) -> Result<i64, Error> {
    let epoch = sqlx::query_scalar(
        "INSERT INTO account_rights (account_id, epoch) VALUES ($1, 1)
         ON CONFLICT (account_id) DO UPDATE SET epoch = account_rights.epoch + 1
         RETURNING epoch",
    )
    .bind(account.uuid())
    .fetch_one(&mut **tx)
    .await?;
    Ok(epoch)
}

/// The account's settings.
#[tracing::instrument(level = "debug", name = "db.rights.options", skip_all)]
pub async fn options(tx: &mut Tx, account: AccountId) -> Result<StoredOptions, Error> {
    let row: Option<(bool, i64)> = sqlx::query_as(
        "SELECT subscription_beats_forbidden_stage, options_version FROM account_rights WHERE account_id = $1",
    )
    .bind(account.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(stored).unwrap_or_default())
}

/// The account's settings, which nobody else changes until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.rights.lock_options", skip_all)]
pub async fn lock_options(tx: &mut Tx, account: AccountId) -> Result<StoredOptions, Error> {
    let row: (bool, i64) = sqlx::query_as(
        "INSERT INTO account_rights (account_id) VALUES ($1)
         ON CONFLICT (account_id) DO UPDATE SET epoch = account_rights.epoch
         RETURNING subscription_beats_forbidden_stage, options_version",
    )
    .bind(account.uuid())
    .fetch_one(&mut **tx)
    .await?;
    Ok(stored(row))
}

/// Stores settings that were locked.
#[tracing::instrument(level = "debug", name = "db.rights.set_options", skip_all)]
pub async fn set_options(
    tx: &mut Tx,
    account: AccountId,
    stored: StoredOptions,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE account_rights SET subscription_beats_forbidden_stage = $2, options_version = $3 WHERE account_id = $1",
    )
    .bind(account.uuid())
    .bind(stored.options.subscription_beats_forbidden_stage)
    .bind(stored.version)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn stored((subscription_beats_forbidden_stage, version): (bool, i64)) -> StoredOptions {
    StoredOptions {
        options: Options {
            subscription_beats_forbidden_stage,
        },
        version,
    }
}
