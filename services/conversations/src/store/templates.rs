//! Templates, as connectors told them.

use auth::AccountScope;
use pg::{Error, Tx};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use types::ConnectionId;
use uuid::Uuid;

use crate::domain::template::Template;
use crate::store::numbers::{corrupt, to_category};

/// Keeps these templates of a connection, which this transaction has locked, instead of those of before; true when that may change
/// what may be written.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.template.replace", skip_all, fields(connection.id = %connection, templates = templates.len()), err)]
pub async fn replace(
    tx: &mut Tx,
    scope: AccountScope,
    connection: ConnectionId,
    templates: &[Template],
) -> Result<bool, Error> {
    let before = paid(tx, scope, connection).await?;
    sqlx::query("DELETE FROM templates WHERE account_id = $1 AND connection_id = $2")
        .bind(scope.account().uuid())
        .bind(connection.uuid())
        .execute(&mut **tx)
        .await?;
    sqlx::query(
        "INSERT INTO templates (account_id, connection_id, key, language, name, category, body, parameters, approved, paid)
         SELECT $1, $2, t.key, t.language, t.name, t.category, t.body, t.parameters, t.approved, t.paid
           FROM jsonb_to_recordset($3) AS t (key text, language text, name text, category text, body text, parameters text[],
                approved boolean, paid boolean)",
    )
    .bind(scope.account().uuid())
    .bind(connection.uuid())
    .bind(Json(templates))
    .execute(&mut **tx)
    .await?;
    Ok(paid(tx, scope, connection).await? != before)
}

/// Is one of those that may be sent paid? Nothing when there is none.
async fn paid(
    tx: &mut Tx,
    scope: AccountScope,
    connection: ConnectionId,
) -> Result<Option<bool>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT bool_or(paid) FROM templates WHERE account_id = $1 AND connection_id = $2 AND approved",
    )
    .bind(scope.account().uuid())
    .bind(connection.uuid())
    .fetch_one(&mut **tx)
    .await?)
}

/// One template.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.template.get", skip_all, fields(connection.id = %connection), err)]
pub async fn get(
    tx: &mut Tx,
    scope: AccountScope,
    connection: ConnectionId,
    key: &str,
    language: &str,
) -> Result<Option<Template>, Error> {
    let row = sqlx::query(
        "SELECT connection_id, key, language, name, category, body, parameters, approved, paid FROM templates
          WHERE account_id = $1 AND connection_id = $2 AND key = $3 AND language = $4",
    )
    .bind(scope.account().uuid())
    .bind(connection.uuid())
    .bind(key)
    .bind(language)
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(from_row).transpose()
}

/// Up to `limit` templates of a connection by key and language, behind `after`.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.template.list", skip_all, fields(connection.id = %connection), err)]
pub async fn list(
    tx: &mut Tx,
    scope: AccountScope,
    connection: ConnectionId,
    after: &(String, String),
    limit: i64,
) -> Result<Vec<Template>, Error> {
    let rows = sqlx::query(
        "SELECT connection_id, key, language, name, category, body, parameters, approved, paid FROM templates
          WHERE account_id = $1 AND connection_id = $2 AND (key, language) > ($3, $4)
          ORDER BY key, language LIMIT $5",
    )
    .bind(scope.account().uuid())
    .bind(connection.uuid())
    .bind(&after.0)
    .bind(&after.1)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &PgRow) -> Result<Template, Error> {
    let category = to_category(row.try_get("category")?);
    let connection: Uuid = row.try_get("connection_id")?;
    Ok(Template {
        key: row.try_get("key")?,
        language: row.try_get("language")?,
        name: row.try_get("name")?,
        category: category.ok_or_else(|| corrupt("templates", "category", connection))?,
        body: row.try_get("body")?,
        parameters: row.try_get("parameters")?,
        approved: row.try_get("approved")?,
        paid: row.try_get("paid")?,
    })
}
