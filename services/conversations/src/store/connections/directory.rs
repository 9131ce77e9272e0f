//! Connections across accounts, as connectors name them.

use auth::ConnectorScope;
use pg::{Error, Tx};
use types::ConnectionId;

use super::{columns, from_row};
use crate::domain::connection::Connection;

/// The connections that exist of these ids, whosever they are.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connection.with_ids", skip_all, err)]
pub async fn with_ids(tx: &mut Tx, ids: &[ConnectionId]) -> Result<Vec<Connection>, Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM connection_directory d JOIN connections c ON c.account_id = d.account_id AND c.id = d.connection_id
         WHERE d.connection_id = ANY ($1)"
    ))
    .bind(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(from_row).collect()
}

/// The same statement in two forms: a connector of the installation finds its connections through the directory, one of an
/// account among those of the account.
macro_rules! of_connector {
    ($select:expr, $end:literal) => {
        (
            concat!(
                "SELECT ",
                $select,
                " FROM connection_directory d JOIN connections c ON c.account_id = d.account_id AND c.id = d.connection_id
                 WHERE d.connector_key = $1 ",
                $end
            ),
            concat!("SELECT ", $select, " FROM connections c WHERE c.connector_key = $1 AND c.account_id = $2 ", $end),
        )
    };
}

/// Every connection of a connector, oldest first.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connection.list_of_connector", skip_all, fields(connector.key = connector.key()), err)]
pub async fn list_of_connector(
    tx: &mut Tx,
    connector: &ConnectorScope,
) -> Result<Vec<Connection>, Error> {
    let (of_installation, of_account) = of_connector!(columns!(), "ORDER BY c.id");
    let query = match connector.account() {
        None => sqlx::query(of_installation).bind(connector.key()),
        Some(account) => sqlx::query(of_account)
            .bind(connector.key())
            .bind(account.uuid()),
    };
    let rows = query.fetch_all(&mut **tx).await?;
    rows.iter().map(from_row).collect()
}

/// Differs whenever a connection of the connector was added or changed: how many there are, and the sum of their versions.
/// Neither ever shrinks, since connections are not deleted and versions grow.
pub type Fingerprint = (i64, i64);

/// The fingerprint of a connector's connections.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connection.fingerprint", skip_all, fields(connector.key = connector.key()), err)]
pub async fn fingerprint(tx: &mut Tx, connector: &ConnectorScope) -> Result<Fingerprint, Error> {
    let (of_installation, of_account) =
        of_connector!("count(*), coalesce(sum(c.version), 0)::bigint", "");
    let query = match connector.account() {
        None => sqlx::query_as(of_installation).bind(connector.key()),
        Some(account) => sqlx::query_as(of_account)
            .bind(connector.key())
            .bind(account.uuid()),
    };
    Ok(query.fetch_one(&mut **tx).await?)
}
