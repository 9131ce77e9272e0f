//! Connectors that are known.

use auth::{AccountScope, ConnectorScope};
use pg::{Error, Tx};
use types::AccountId;
use uuid::Uuid;

/// Who a connector is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// For people.
    pub title: String,
    /// The longest text it can send, in characters.
    pub max_text_length: i32,
    /// Does it report that a client has seen a message?
    pub reports_read: bool,
}

/// Connectors of the installation belong to no account.
const INSTALLATION: Uuid = Uuid::nil();

/// Keeps a connector's manifest, instead of an older one.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connector.register", skip_all, fields(connector.key = connector.key()), err)]
pub async fn register(
    tx: &mut Tx,
    connector: &ConnectorScope,
    manifest: &Manifest,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO connectors (account_id, connector_key, title, max_text_length, reports_read) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (account_id, connector_key) DO UPDATE
            SET title = excluded.title, max_text_length = excluded.max_text_length, reports_read = excluded.reports_read,
                register_time = excluded.register_time",
    )
    .bind(connector.account().map_or(INSTALLATION, AccountId::uuid))
    .bind(connector.key())
    .bind(&manifest.title)
    .bind(manifest.max_text_length)
    .bind(manifest.reports_read)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Is there such a connector for the account: one of its own programs, or one of the installation?
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connector.is_registered", skip_all, fields(connector.key = key), err)]
pub async fn is_registered(tx: &mut Tx, scope: AccountScope, key: &str) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM connectors WHERE account_id IN ($1, $2) AND connector_key = $3)",
    )
    .bind(scope.account().uuid())
    .bind(INSTALLATION)
    .bind(key)
    .fetch_one(&mut **tx)
    .await?)
}
