//! Providers of SMS.

use std::collections::BTreeMap;

use pg::Error;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use types::{AccountId, SmsProviderId};
use uuid::Uuid;

use super::{error_class, error_number};
use crate::sms::{ErrorClass, Fault, Sent};

/// Providers that an account may have.
pub const MOST: i64 = 20;

/// A provider that an account uses.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its id.
    pub id: SmsProviderId,
    /// Which description says how it is called.
    pub widget_key: String,
    /// For people.
    pub title: String,
    /// Settings that are no secrets.
    pub settings: BTreeMap<String, String>,
    /// Settings that are secrets, encrypted.
    pub sealed_secrets: Vec<u8>,
    /// What is left to spend.
    pub balance: String,
    /// When it last took an SMS.
    pub last_sent_time: Option<OffsetDateTime>,
    /// What went wrong since then.
    pub error: Option<(ErrorClass, String, OffsetDateTime)>,
    /// Counts the changes of administrators.
    pub version: i64,
    /// When it was installed.
    pub create_time: OffsetDateTime,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    widget_key: String,
    title: String,
    settings: Json<BTreeMap<String, String>>,
    sealed_secrets: Vec<u8>,
    balance: String,
    last_sent_time: Option<OffsetDateTime>,
    error_class: i16,
    error_text: String,
    error_time: Option<OffsetDateTime>,
    version: i64,
    create_time: OffsetDateTime,
}

impl From<Row> for Stored {
    fn from(row: Row) -> Self {
        let error = error_class(row.error_class).zip(row.error_time);
        Self {
            id: row.id.into(),
            widget_key: row.widget_key,
            title: row.title,
            settings: row.settings.0,
            sealed_secrets: row.sealed_secrets,
            balance: row.balance,
            last_sent_time: row.last_sent_time,
            error: error.map(|(class, time)| (class, row.error_text, time)),
            version: row.version,
            create_time: row.create_time,
        }
    }
}

const COLUMNS: &str = "SELECT id, widget_key, title, settings, sealed_secrets, balance, last_sent_time, error_class,
        error_text, error_time, version, create_time FROM sms_providers WHERE account_id = $1 ORDER BY id LIMIT $2";

const ONE: &str = "SELECT id, widget_key, title, settings, sealed_secrets, balance, last_sent_time, error_class,
        error_text, error_time, version, create_time FROM sms_providers WHERE account_id = $1 AND id = $2";

/// All of an account, oldest first: there are few.
#[tracing::instrument(level = "debug", name = "db.sms_provider.all", skip_all, err)]
pub async fn all(db: &mut PgConnection, account: AccountId) -> Result<Vec<Stored>, Error> {
    let rows: Vec<Row> = sqlx::query_as(COLUMNS)
        .bind(account.uuid())
        .bind(MOST)
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(Stored::from).collect())
}

/// One of them.
#[tracing::instrument(level = "debug", name = "db.sms_provider.find", skip_all, err)]
pub async fn find(
    db: &mut PgConnection,
    account: AccountId,
    id: SmsProviderId,
) -> Result<Option<Stored>, Error> {
    let row: Option<Row> = sqlx::query_as(ONE)
        .bind(account.uuid())
        .bind(id.uuid())
        .fetch_optional(db)
        .await?;
    Ok(row.map(Stored::from))
}

/// Stores a new one.
#[tracing::instrument(level = "debug", name = "db.sms_provider.insert", skip_all, err)]
pub async fn insert(
    db: &mut PgConnection,
    account: AccountId,
    provider: &Stored,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO sms_providers (account_id, id, widget_key, title, settings, sealed_secrets, create_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(account.uuid())
    .bind(provider.id.uuid())
    .bind(&provider.widget_key)
    .bind(&provider.title)
    .bind(Json(&provider.settings))
    .bind(&provider.sealed_secrets)
    .bind(provider.create_time)
    .execute(db)
    .await?;
    Ok(())
}

/// Stores what an administrator changed; false when it is not the version that was read any more. What went wrong before is forgotten.
#[tracing::instrument(level = "debug", name = "db.sms_provider.update", skip_all, err)]
pub async fn update(
    db: &mut PgConnection,
    account: AccountId,
    provider: &Stored,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE sms_providers
            SET title = $4, settings = $5, sealed_secrets = $6, error_class = 0, error_text = '', error_time = NULL, version = version + 1
          WHERE account_id = $1 AND id = $2 AND version = $3",
    )
    .bind(account.uuid())
    .bind(provider.id.uuid())
    .bind(provider.version)
    .bind(&provider.title)
    .bind(Json(&provider.settings))
    .bind(&provider.sealed_secrets)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes one; false when there is none.
#[tracing::instrument(level = "debug", name = "db.sms_provider.delete", skip_all, err)]
pub async fn delete(
    db: &mut PgConnection,
    account: AccountId,
    id: SmsProviderId,
) -> Result<bool, Error> {
    let done = sqlx::query("DELETE FROM sms_providers WHERE account_id = $1 AND id = $2")
        .bind(account.uuid())
        .bind(id.uuid())
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes how a provider is, for administrators.
#[tracing::instrument(level = "debug", name = "db.sms_provider.note", skip_all, err)]
pub async fn note(
    db: &mut PgConnection,
    account: AccountId,
    id: SmsProviderId,
    outcome: &Result<Sent, Fault>,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let query = match outcome {
        Ok(sent) => sqlx::query(
            "UPDATE sms_providers
                SET balance = CASE WHEN $3 = '' THEN balance ELSE $3 END, last_sent_time = $4, error_class = 0, error_text = '',
                    error_time = NULL
              WHERE account_id = $1 AND id = $2",
        )
        .bind(account.uuid())
        .bind(id.uuid())
        .bind(&sent.balance)
        .bind(now),
        Err(fault) => sqlx::query(
            "UPDATE sms_providers SET error_class = $3, error_text = $4, error_time = $5 WHERE account_id = $1 AND id = $2",
        )
        .bind(account.uuid())
        .bind(id.uuid())
        .bind(error_number(fault.class))
        .bind(&fault.text)
        .bind(now),
    };
    query.execute(db).await?;
    Ok(())
}
