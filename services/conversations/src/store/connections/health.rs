//! How connections are, as their connectors say.

use auth::ConnectorScope;
use pg::{Error, Tx};
use time::OffsetDateTime;
use types::{AccountId, ConnectionId};

use crate::domain::connection::Health;
use crate::store::numbers::of_health;

/// Keeps what was said of those connections that are the connector's; of one that is in the same state as before only the text.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connection.store_health", skip_all, fields(connector.key = connector.key()), err)]
pub async fn store(
    tx: &mut Tx,
    connector: &ConnectorScope,
    told: &[(ConnectionId, Health)],
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE connections c
            SET health = n.health, health_text = n.health_text,
                health_time = CASE WHEN c.health = n.health THEN c.health_time ELSE n.health_time END
           FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::timestamptz[]) AS n (id, health, health_text, health_time)
           JOIN connection_directory d ON d.connection_id = n.id
          WHERE c.account_id = d.account_id AND c.id = d.connection_id AND d.connector_key = $5
            AND ($6::uuid IS NULL OR d.account_id = $6)
            AND (c.health, c.health_text) IS DISTINCT FROM (n.health, n.health_text)",
    )
    .bind(told.iter().map(|(id, _)| id.uuid()).collect::<Vec<_>>())
    .bind(told.iter().map(|(_, it)| of_health(it.state)).collect::<Vec<_>>())
    .bind(told.iter().map(|(_, it)| &it.text[..]).collect::<Vec<_>>())
    .bind(told.iter().map(|(_, it)| it.since).collect::<Vec<OffsetDateTime>>())
    .bind(connector.key())
    .bind(connector.account().map(AccountId::uuid))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
