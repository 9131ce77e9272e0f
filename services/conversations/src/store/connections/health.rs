//! How connections are, as their connectors say.

use auth::ConnectorScope;
use pg::{Error, Tx};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use types::{AccountId, ConnectionId};
use uuid::Uuid;

use crate::domain::connection::{Health, HealthNews};
use crate::store::numbers::{corrupt, of_health, to_health};

/// Keeps what was said of those connections that are the connector's; of one that is in the same state as before only the text. What
/// was said of one that was the same before is no news.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.connection.store_health", skip_all, fields(connector.key = connector.key()), err)]
pub async fn store(
    tx: &mut Tx,
    connector: &ConnectorScope,
    told: &[(ConnectionId, Health)],
) -> Result<Vec<HealthNews>, Error> {
    let rows = sqlx::query(
        "WITH before AS (
             SELECT c.account_id, c.id, c.health AS previous, n.health, n.health_text, n.health_time
               FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::timestamptz[]) AS n (id, health, health_text, health_time)
               JOIN connection_directory d ON d.connection_id = n.id
               JOIN connections c ON c.account_id = d.account_id AND c.id = d.connection_id
              WHERE d.connector_key = $5 AND ($6::uuid IS NULL OR d.account_id = $6)
                AND (c.health, c.health_text) IS DISTINCT FROM (n.health, n.health_text)
              ORDER BY c.account_id, c.id FOR UPDATE OF c
         )
         UPDATE connections c
            SET health = n.health, health_text = n.health_text,
                health_time = CASE WHEN n.previous = n.health THEN c.health_time ELSE n.health_time END
           FROM before n WHERE c.account_id = n.account_id AND c.id = n.id
         RETURNING c.account_id, c.id, n.previous, c.health, c.health_text, c.health_time",
    )
    .bind(told.iter().map(|(id, _)| id.uuid()).collect::<Vec<_>>())
    .bind(told.iter().map(|(_, it)| of_health(it.state)).collect::<Vec<_>>())
    .bind(told.iter().map(|(_, it)| &it.text[..]).collect::<Vec<_>>())
    .bind(told.iter().map(|(_, it)| it.since).collect::<Vec<OffsetDateTime>>())
    .bind(connector.key())
    .bind(connector.account().map(AccountId::uuid))
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(news).collect()
}

fn news(row: &PgRow) -> Result<HealthNews, Error> {
    let id: Uuid = row.try_get("id")?;
    let health = super::health(row)?.ok_or_else(|| corrupt("connections", "health", id))?;
    Ok(HealthNews {
        account: row.try_get::<Uuid, _>("account_id")?.into(),
        connection: id.into(),
        previous: to_health(row.try_get("previous")?),
        health,
    })
}
