//! Logos.

use pg::Error;
use sqlx::PgConnection;
use types::{AccountId, CabinetId};

use crate::domain::logo::Logo;

/// Stores the logo in the place of the one before.
#[tracing::instrument(level = "debug", name = "db.logo.store", skip_all, err)]
pub async fn store(db: &mut PgConnection, account: AccountId, logo: &Logo) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO logos (account_id, png, width, height, digest) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (account_id) DO UPDATE
            SET png = excluded.png, width = excluded.width, height = excluded.height, digest = excluded.digest",
    )
    .bind(account.uuid())
    .bind(&logo.png)
    .bind(logo.width)
    .bind(logo.height)
    .bind(&logo.digest[..])
    .execute(db)
    .await?;
    Ok(())
}

/// Takes it away; false when there was none.
#[tracing::instrument(level = "debug", name = "db.logo.delete", skip_all, err)]
pub async fn delete(db: &mut PgConnection, account: AccountId) -> Result<bool, Error> {
    let done = sqlx::query("DELETE FROM logos WHERE account_id = $1")
        .bind(account.uuid())
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The picture of a link's cabinet. For the system: the caller knows no account.
#[tracing::instrument(level = "debug", name = "db.logo.by_key", skip_all, err)]
pub async fn by_key(db: &mut PgConnection, id: CabinetId) -> Result<Option<Vec<u8>>, Error> {
    let png = sqlx::query_scalar(
        "SELECT l.png FROM cabinets c JOIN logos l ON l.account_id = c.account_id WHERE c.id = $1",
    )
    .bind(id.uuid())
    .fetch_optional(db)
    .await?;
    Ok(png)
}
