//! Connectors that are known.

use auth::{AccountScope, ConnectorScope};
use pg::{Error, Tx};
use sqlx::types::Json;
use types::{AccountId, ConnectionId};
use uuid::Uuid;

use crate::domain::attachment::MediaRule;
use crate::domain::client::ClientAddress;
use crate::domain::connection::State;
use crate::store::numbers::{of_address, of_health, to_address};

/// Who a connector is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// For people.
    pub title: String,
    /// The longest text it can send, in characters.
    pub max_text_length: i32,
    /// Does it report that a client has seen a message?
    pub reports_read: bool,
    /// Files it can send.
    pub media: Vec<MediaRule>,
    /// Hosts from which files of clients may be fetched.
    pub media_hosts: Vec<String>,
    /// For how many seconds after a message of the client free text may be sent; 0: for ever.
    pub reply_window_seconds: i32,
    /// JSON Schema of a connection's settings; empty without any.
    pub settings_schema: String,
    /// By what a client is addressed who has not written yet.
    pub client_address: Option<ClientAddress>,
    /// How fast messages of one connection are given out, where it is not as usual.
    pub send_rate: Option<SendRate>,
}

/// How fast messages of one connection are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendRate {
    /// Messages a minute.
    pub per_minute: i32,
    /// So many at once after a rest; `None`: what a second allows.
    pub burst: Option<i32>,
}

/// A connector to which connections can be added.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Known {
    /// Its key.
    #[sqlx(rename = "connector_key")]
    pub key: String,
    /// For people.
    pub title: String,
    /// JSON Schema of a connection's settings; empty without any.
    pub settings_schema: String,
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
        "INSERT INTO connectors (account_id, connector_key, title, max_text_length, reports_read, media, media_hosts,
                reply_window_seconds, settings_schema, client_address, sends_per_minute, send_burst)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (account_id, connector_key) DO UPDATE
            SET title = excluded.title, max_text_length = excluded.max_text_length, reports_read = excluded.reports_read,
                media = excluded.media, media_hosts = excluded.media_hosts,
                reply_window_seconds = excluded.reply_window_seconds, settings_schema = excluded.settings_schema,
                client_address = excluded.client_address, sends_per_minute = excluded.sends_per_minute,
                send_burst = excluded.send_burst, register_time = excluded.register_time",
    )
    .bind(connector.account().map_or(INSTALLATION, AccountId::uuid))
    .bind(connector.key())
    .bind(&manifest.title)
    .bind(manifest.max_text_length)
    .bind(manifest.reports_read)
    .bind(Json(&manifest.media))
    .bind(&manifest.media_hosts)
    .bind(manifest.reply_window_seconds)
    .bind(&manifest.settings_schema)
    .bind(of_address(manifest.client_address))
    .bind(manifest.send_rate.map(|rate| rate.per_minute))
    .bind(manifest.send_rate.and_then(|rate| rate.burst))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Which files the connector can send: that of the account's own program, else that of the installation.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connector.media_rules", skip_all, fields(connector.key = key), err)]
pub async fn media_rules(
    tx: &mut Tx,
    scope: AccountScope,
    key: &str,
) -> Result<Vec<MediaRule>, Error> {
    let rules: Option<Json<Vec<MediaRule>>> = sqlx::query_scalar(
        "SELECT media FROM connectors WHERE account_id IN ($1, $2) AND connector_key = $3 ORDER BY account_id DESC LIMIT 1",
    )
    .bind(scope.account().uuid())
    .bind(INSTALLATION)
    .bind(key)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(rules.map(|Json(rules)| rules).unwrap_or_default())
}

/// How a connection's settings have to look, if there is such a connector for the account: one of its own programs, or one of
/// the installation.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connector.settings_schema", skip_all, fields(connector.key = key), err)]
pub async fn settings_schema(
    tx: &mut Tx,
    scope: AccountScope,
    key: &str,
) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT settings_schema FROM connectors WHERE account_id IN ($1, $2) AND connector_key = $3
          ORDER BY account_id DESC LIMIT 1",
    )
    .bind(scope.account().uuid())
    .bind(INSTALLATION)
    .bind(key)
    .fetch_optional(&mut **tx)
    .await?)
}

/// By what a client is addressed who has not written yet, through this connector.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connector.client_address", skip_all, fields(connector.key = key), err)]
pub async fn client_address(
    tx: &mut Tx,
    scope: AccountScope,
    key: &str,
) -> Result<Option<ClientAddress>, Error> {
    let number: Option<i16> = sqlx::query_scalar(
        "SELECT client_address FROM connectors WHERE account_id IN ($1, $2) AND connector_key = $3
          ORDER BY account_id DESC LIMIT 1",
    )
    .bind(scope.account().uuid())
    .bind(INSTALLATION)
    .bind(key)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(number.and_then(to_address))
}

/// The connectors of the account, by key; one of its own programs stands before one of the installation.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connector.list", skip_all, fields(account.id = %scope.account()), err)]
pub async fn list_known(tx: &mut Tx, scope: AccountScope) -> Result<Vec<Known>, Error> {
    Ok(sqlx::query_as(
        "SELECT DISTINCT ON (connector_key) connector_key, title, settings_schema FROM connectors
          WHERE account_id IN ($1, $2) ORDER BY connector_key, account_id DESC",
    )
    .bind(scope.account().uuid())
    .bind(INSTALLATION)
    .fetch_all(&mut **tx)
    .await?)
}

/// A connection in which one writes first, and that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Startable {
    /// Its id.
    pub id: ConnectionId,
    /// Its name.
    pub title: String,
    /// Its connector.
    pub connector_key: String,
    /// By what it addresses clients who have not written yet.
    pub address: ClientAddress,
}

/// Up to `limit` connections in which chats can be created now: switched on, part of the subscription, not broken, of a channel that lets
/// one write first.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connection.startable", skip_all, fields(account.id = %scope.account()), err)]
pub async fn startable(
    tx: &mut Tx,
    scope: AccountScope,
    limit: i64,
) -> Result<Vec<Startable>, Error> {
    let rows: Vec<(Uuid, String, String, i16)> = sqlx::query_as(
        "SELECT c.id, c.title, c.connector_key, k.client_address
           FROM connections c
          CROSS JOIN LATERAL (
                SELECT o.client_address FROM connectors o
                 WHERE o.account_id IN ($1, $2) AND o.connector_key = c.connector_key
                 ORDER BY o.account_id DESC LIMIT 1) k
          WHERE c.account_id = $1 AND c.enabled AND c.in_subscription AND c.health IS DISTINCT FROM $3 AND k.client_address <> 0
          ORDER BY c.id LIMIT $4",
    )
    .bind(scope.account().uuid())
    .bind(INSTALLATION)
    .bind(of_health(State::Broken))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    let known = rows
        .into_iter()
        .filter_map(|(id, title, connector_key, address)| {
            Some(Startable {
                id: id.into(),
                title,
                connector_key,
                address: to_address(address)?,
            })
        });
    Ok(known.collect())
}
