//! Integrations and what their settings were.

use pg::{Error, Tx};
use rules::Settings;
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, IntegrationId, Language, PortalId};
use uuid::Uuid;

use super::{from_json, json};
use crate::domain::integration::Integration;

#[derive(FromRow)]
struct Row {
    integration_id: Uuid,
    position: i32,
    language: String,
    portal_id: Option<Uuid>,
    settings: serde_json::Value,
    daily_sync: bool,
    employee_sync_time: Option<OffsetDateTime>,
    version: i64,
    create_time: OffsetDateTime,
    update_time: OffsetDateTime,
}

impl TryFrom<Row> for Integration {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let id = row.integration_id;
        Ok(Self {
            id: id.into(),
            position: row.position,
            language: Language::from_tag(&row.language),
            portal: row.portal_id.map(PortalId::from),
            settings: from_json::<Settings>(row.settings, "integrations", "settings", id)?,
            daily_sync: row.daily_sync,
            employee_sync_time: row.employee_sync_time,
            version: row.version,
            create_time: row.create_time,
            update_time: row.update_time,
        })
    }
}

macro_rules! columns {
    () => {
        "integration_id, position, language, portal_id, settings, daily_sync, employee_sync_time, version, create_time, update_time"
    };
}

const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM integrations WHERE account_id = $1 AND integration_id = $2"
);
const LOCK: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM integrations WHERE account_id = $1 AND integration_id = $2 FOR NO KEY UPDATE"
);
const ALL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM integrations WHERE account_id = $1 ORDER BY position, integration_id"
);

/// An integration; with `lock` nobody else changes it until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.integration.get", skip_all)]
pub async fn get(
    tx: &mut Tx,
    account: AccountId,
    id: IntegrationId,
    lock: bool,
) -> Result<Option<Integration>, Error> {
    let row: Option<Row> = sqlx::query_as(if lock { LOCK } else { GET })
        .bind(account.uuid())
        .bind(id.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(Integration::try_from).transpose()
}

/// All of an account, in the order in which they are asked: at most as many as an account may have.
#[tracing::instrument(level = "debug", name = "db.integration.all", skip_all)]
pub async fn all(tx: &mut Tx, account: AccountId) -> Result<Vec<Integration>, Error> {
    let rows: Vec<Row> = sqlx::query_as(ALL)
        .bind(account.uuid())
        .fetch_all(&mut **tx)
        .await?;
    rows.into_iter().map(Integration::try_from).collect()
}

/// Lets nobody else add an integration or switch one on until the transaction ends; is the old one on?
#[tracing::instrument(level = "debug", name = "db.integration.lock_old", skip_all)]
pub async fn lock_old(tx: &mut Tx, account: AccountId) -> Result<bool, Error> {
    let enabled = sqlx::query_scalar(
        "INSERT INTO old_integrations AS o (account_id, enabled) VALUES ($1, false)
         ON CONFLICT (account_id) DO UPDATE SET enabled = o.enabled RETURNING enabled",
    )
    .bind(account.uuid())
    .fetch_one(&mut **tx)
    .await?;
    Ok(enabled)
}

/// Is the old integration on?
#[tracing::instrument(level = "debug", name = "db.integration.old", skip_all)]
pub async fn old(tx: &mut Tx, account: AccountId) -> Result<bool, Error> {
    let enabled: Option<bool> =
        sqlx::query_scalar("SELECT enabled FROM old_integrations WHERE account_id = $1")
            .bind(account.uuid())
            .fetch_optional(&mut **tx)
            .await?;
    Ok(enabled.unwrap_or(false))
}

/// Stores whether the old integration is on.
#[tracing::instrument(level = "debug", name = "db.integration.set_old", skip_all)]
pub async fn set_old(tx: &mut Tx, account: AccountId, enabled: bool) -> Result<(), Error> {
    sqlx::query("UPDATE old_integrations SET enabled = $2 WHERE account_id = $1")
        .bind(account.uuid())
        .bind(enabled)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Adds an integration.
#[tracing::instrument(level = "debug", name = "db.integration.insert", skip_all)]
pub async fn insert(
    tx: &mut Tx,
    account: AccountId,
    it: &Integration,
    author: &str,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO integrations (account_id, integration_id, position, enabled, language, settings, daily_sync, version,
                                   create_time, update_time, portal_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(account.uuid())
    .bind(it.id.uuid())
    .bind(it.position)
    .bind(it.settings.enabled)
    .bind(it.language.tag())
    .bind(json(&it.settings)?)
    .bind(it.daily_sync)
    .bind(it.version)
    .bind(it.create_time)
    .bind(it.update_time)
    .bind(it.portal.map(PortalId::uuid))
    .execute(&mut **tx)
    .await?;
    remember(tx, account, it, author).await
}

/// Stores a changed integration that was locked.
#[tracing::instrument(level = "debug", name = "db.integration.update", skip_all)]
pub async fn update(
    tx: &mut Tx,
    account: AccountId,
    it: &Integration,
    author: &str,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE integrations SET position = $3, enabled = $4, settings = $5, daily_sync = $6, version = $7, update_time = $8
          WHERE account_id = $1 AND integration_id = $2",
    )
    .bind(account.uuid())
    .bind(it.id.uuid())
    .bind(it.position)
    .bind(it.settings.enabled)
    .bind(json(&it.settings)?)
    .bind(it.daily_sync)
    .bind(it.version)
    .bind(it.update_time)
    .execute(&mut **tx)
    .await?;
    remember(tx, account, it, author).await
}

async fn remember(
    tx: &mut Tx,
    account: AccountId,
    it: &Integration,
    author: &str,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO integration_versions (account_id, integration_id, version, settings, author, change_time)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(account.uuid())
    .bind(it.id.uuid())
    .bind(it.version)
    .bind(json(&it.settings)?)
    .bind(author)
    .bind(it.update_time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes an integration and its list of employees; its runs and what its settings were stay.
#[tracing::instrument(level = "debug", name = "db.integration.delete", skip_all)]
pub async fn delete(tx: &mut Tx, account: AccountId, id: IntegrationId) -> Result<(), Error> {
    sqlx::query("DELETE FROM integrations WHERE account_id = $1 AND integration_id = $2")
        .bind(account.uuid())
        .bind(id.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Which of these accounts have integrations.
#[tracing::instrument(level = "debug", name = "db.integration.accounts", skip_all)]
pub async fn accounts_with(tx: &mut Tx, accounts: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    let found = sqlx::query_scalar(
        "SELECT a.id FROM unnest($1::uuid[]) AS a (id)
          WHERE EXISTS (SELECT FROM integrations i WHERE i.account_id = a.id)",
    )
    .bind(accounts)
    .fetch_all(&mut **tx)
    .await?;
    Ok(found)
}
