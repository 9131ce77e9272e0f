//! Connections, the connectors that serve them, and the directory that says whose a connection is.

mod connectors;
mod directory;
mod health;
mod write;

pub use connectors::{
    Manifest, SendRate, Startable, client_address, list_known, media_rules, register,
    settings_schema, startable,
};
pub use directory::{Fingerprint, fingerprint, list_of_connector, with_ids};
pub use health::store as store_health;
pub use write::{insert, set_in_subscription, update};

use auth::AccountScope;
use pg::{Error, Tx};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use time::OffsetDateTime;
use types::ConnectionId;
use uuid::Uuid;

use crate::domain::connection::{Connection, Health, Settings};
use crate::store::numbers::{corrupt, to_health, to_mode};

/// The columns of a connection.
macro_rules! columns {
    () => {
        "c.account_id, c.id, c.connector_key, c.external_id, c.title, c.conversation_mode, c.enabled, c.version, c.create_time, \
         c.settings, c.secrets, c.secret_names, c.health, c.health_text, c.health_time, c.in_subscription"
    };
}
pub(crate) use columns;

/// One connection.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connection.get", skip_all, fields(connection.id = %id), err)]
pub async fn get(
    tx: &mut Tx,
    scope: AccountScope,
    id: ConnectionId,
) -> Result<Option<Connection>, Error> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM connections c WHERE c.account_id = $1 AND c.id = $2"
    ))
    .bind(scope.account().uuid())
    .bind(id.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(from_row).transpose()
}

/// One connection, locked until the transaction ends.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connection.lock", skip_all, fields(connection.id = %id), err)]
pub async fn lock(
    tx: &mut Tx,
    scope: AccountScope,
    id: ConnectionId,
) -> Result<Option<Connection>, Error> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM connections c WHERE c.account_id = $1 AND c.id = $2 FOR UPDATE"
    ))
    .bind(scope.account().uuid())
    .bind(id.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(from_row).transpose()
}

/// The connection that a connector names by its own id.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connection.get_external", skip_all, fields(connector.key = connector_key), err)]
pub async fn get_external(
    tx: &mut Tx,
    scope: AccountScope,
    connector_key: &str,
    external_id: &str,
) -> Result<Option<Connection>, Error> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM connections c WHERE c.account_id = $1 AND c.connector_key = $2 AND c.external_id = $3"
    ))
    .bind(scope.account().uuid())
    .bind(connector_key)
    .bind(external_id)
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(from_row).transpose()
}

/// Up to `limit` connections, oldest first, after `after`: ids grow with time.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connection.list", skip_all, fields(account.id = %scope.account()), err)]
pub async fn list(
    tx: &mut Tx,
    scope: AccountScope,
    after: Option<ConnectionId>,
    limit: i64,
) -> Result<Vec<Connection>, Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM connections c WHERE c.account_id = $1 AND c.id > $2 ORDER BY c.id LIMIT $3"
    ))
    .bind(scope.account().uuid())
    .bind(after.map_or(Uuid::nil(), ConnectionId::uuid))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(from_row).collect()
}

/// A row with all columns of a connection.
///
/// # Errors
/// When the row holds what no version of this program wrote.
pub fn from_row(row: &PgRow) -> Result<Connection, Error> {
    let id: Uuid = row.try_get("id")?;
    let mode = to_mode(row.try_get("conversation_mode")?);
    Ok(Connection {
        id: id.into(),
        account: row.try_get::<Uuid, _>("account_id")?.into(),
        connector_key: row.try_get("connector_key")?,
        external_id: row.try_get("external_id")?,
        title: row.try_get("title")?,
        mode: mode.ok_or_else(|| corrupt("connections", "conversation_mode", id))?,
        enabled: row.try_get("enabled")?,
        version: row.try_get("version")?,
        create_time: row.try_get::<OffsetDateTime, _>("create_time")?,
        settings: Settings {
            plain: row.try_get::<Json<_>, _>("settings")?.0,
            sealed: row.try_get("secrets")?,
            secret_names: row.try_get("secret_names")?,
        },
        health: health(row)?,
        in_subscription: row.try_get("in_subscription")?,
    })
}

fn health(row: &PgRow) -> Result<Option<Health>, Error> {
    let state = to_health(row.try_get("health")?);
    let since: Option<OffsetDateTime> = row.try_get("health_time")?;
    let text = row.try_get("health_text")?;
    Ok(state
        .zip(since)
        .map(|(state, since)| Health { state, text, since }))
}
