//! Writing connections.

use pg::{Error, Tx};
use sqlx::types::Json;
use types::ConnectionId;

use crate::domain::connection::Connection;
use crate::store::numbers::of_mode;

/// Stores a new connection and its place in the directory; false when its connector has one with the same external id in
/// the account, which is left as it is.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connection.insert", skip_all, fields(connection.id = %connection.id), err)]
pub async fn insert(tx: &mut Tx, connection: &Connection) -> Result<bool, Error> {
    let inserted = sqlx::query(
        "WITH stored AS (
             INSERT INTO connections (account_id, id, connector_key, external_id, title, conversation_mode, enabled, version, create_time,
                    settings, secrets, secret_names)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT ON CONSTRAINT connections_external_id DO NOTHING
             RETURNING id, account_id, connector_key
         )
         INSERT INTO connection_directory (connection_id, account_id, connector_key)
         SELECT id, account_id, connector_key FROM stored",
    )
    .bind(connection.account.uuid())
    .bind(connection.id.uuid())
    .bind(&connection.connector_key)
    .bind(&connection.external_id)
    .bind(&connection.title)
    .bind(of_mode(connection.mode))
    .bind(connection.enabled)
    .bind(connection.version)
    .bind(connection.create_time)
    .bind(Json(&connection.settings.plain))
    .bind(&connection.settings.sealed)
    .bind(&connection.settings.secret_names)
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Stores what may change of a connection that this transaction has locked.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connection.update", skip_all, fields(connection.id = %connection.id), err)]
pub async fn update(tx: &mut Tx, connection: &Connection) -> Result<(), Error> {
    sqlx::query(
        "UPDATE connections SET title = $3, conversation_mode = $4, enabled = $5, version = $6, settings = $7, secrets = $8,
                secret_names = $9
          WHERE account_id = $1 AND id = $2",
    )
    .bind(connection.account.uuid())
    .bind(connection.id.uuid())
    .bind(&connection.title)
    .bind(of_mode(connection.mode))
    .bind(connection.enabled)
    .bind(connection.version)
    .bind(Json(&connection.settings.plain))
    .bind(&connection.settings.sealed)
    .bind(&connection.settings.secret_names)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Says whether a connection is part of its account's subscription; false when there is no such connection.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connection.set_in_subscription", skip_all, fields(connection.id = %id), err)]
pub async fn set_in_subscription(
    tx: &mut Tx,
    id: ConnectionId,
    is_in: bool,
) -> Result<bool, Error> {
    let set = sqlx::query(
        "UPDATE connections c SET in_subscription = $2, version = version + 1
           FROM connection_directory d
          WHERE d.connection_id = $1 AND c.account_id = d.account_id AND c.id = d.connection_id",
    )
    .bind(id.uuid())
    .bind(is_in)
    .execute(&mut **tx)
    .await?;
    Ok(set.rows_affected() == 1)
}
