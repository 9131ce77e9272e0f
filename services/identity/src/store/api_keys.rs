//! API keys and their directory.

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, ApiKeyId};
use uuid::Uuid;

use crate::domain::api_key::ApiKey;

#[derive(FromRow)]
struct ApiKeyRow {
    key_id: Uuid,
    name: String,
    scopes: Vec<String>,
    expire_time: Option<OffsetDateTime>,
    create_time: OffsetDateTime,
    revoke_time: Option<OffsetDateTime>,
}

impl From<ApiKeyRow> for ApiKey {
    fn from(row: ApiKeyRow) -> Self {
        Self {
            id: row.key_id.into(),
            name: row.name,
            scopes: row.scopes,
            expire_time: row.expire_time,
            create_time: row.create_time,
            revoke_time: row.revoke_time,
        }
    }
}

#[derive(FromRow)]
struct KnownKeyRow {
    account_id: Uuid,
    secret_digest: Vec<u8>,
    account_language: String,
    #[sqlx(flatten)]
    key: ApiKeyRow,
}

/// A key with what its secret has to match.
#[derive(Debug)]
pub struct KnownKey {
    /// The key.
    pub key: ApiKey,
    /// Its account.
    pub account: AccountId,
    /// The account's language.
    pub account_language: String,
    /// SHA-256 of its secret.
    pub secret_digest: Vec<u8>,
}

/// Adds a key and its entry in the directory.
#[tracing::instrument(level = "debug", name = "db.api_key.insert", skip_all)]
pub async fn insert(
    tx: &mut Tx,
    account: AccountId,
    key: &ApiKey,
    secret_digest: &[u8; 32],
) -> Result<(), Error> {
    sqlx::query(
        "WITH stored AS (
             INSERT INTO api_keys (account_id, key_id, name, scopes, secret_digest, expire_time, create_time)
             VALUES ($1, $2, $3, $4, $5, $6, $7))
         INSERT INTO key_directory (account_id, key_id) VALUES ($1, $2)",
    )
    .bind(account.uuid())
    .bind(key.id.uuid())
    .bind(&key.name)
    .bind(&key.scopes)
    .bind(&secret_digest[..])
    .bind(key.expire_time)
    .bind(key.create_time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Up to `limit` keys that are not revoked, after one, oldest first.
#[tracing::instrument(level = "debug", name = "db.api_key.list", skip_all)]
pub async fn list(
    tx: &mut Tx,
    account: AccountId,
    after: Option<ApiKeyId>,
    limit: i64,
) -> Result<Vec<ApiKey>, Error> {
    let rows: Vec<ApiKeyRow> = sqlx::query_as(
        "SELECT key_id, name, scopes, expire_time, create_time, revoke_time FROM api_keys
          WHERE account_id = $1 AND key_id > $2 AND revoke_time IS NULL ORDER BY key_id LIMIT $3",
    )
    .bind(account.uuid())
    .bind(after.map_or(Uuid::nil(), ApiKeyId::uuid))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(ApiKey::from).collect())
}

/// A key, which nobody else changes until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.api_key.lock", skip_all)]
pub async fn lock(tx: &mut Tx, account: AccountId, key: ApiKeyId) -> Result<Option<ApiKey>, Error> {
    let row: Option<ApiKeyRow> = sqlx::query_as(
        "SELECT key_id, name, scopes, expire_time, create_time, revoke_time FROM api_keys
          WHERE account_id = $1 AND key_id = $2 FOR NO KEY UPDATE",
    )
    .bind(account.uuid())
    .bind(key.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(ApiKey::from))
}

/// Revokes a key that was locked.
#[tracing::instrument(level = "debug", name = "db.api_key.revoke", skip_all)]
pub async fn revoke(
    tx: &mut Tx,
    account: AccountId,
    key: ApiKeyId,
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query("UPDATE api_keys SET revoke_time = $3 WHERE account_id = $1 AND key_id = $2")
        .bind(account.uuid())
        .bind(key.uuid())
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A key of any account: for the exchange of keys, as the system.
#[tracing::instrument(level = "debug", name = "db.api_key.find", skip_all)]
pub async fn find(tx: &mut Tx, key: ApiKeyId) -> Result<Option<KnownKey>, Error> {
    let row: Option<KnownKeyRow> = sqlx::query_as(
        "SELECT k.account_id, k.secret_digest, a.language AS account_language,
                k.key_id, k.name, k.scopes, k.expire_time, k.create_time, k.revoke_time
           FROM key_directory d
           JOIN api_keys k ON k.account_id = d.account_id AND k.key_id = d.key_id
           JOIN accounts a ON a.account_id = d.account_id
          WHERE d.key_id = $1",
    )
    .bind(key.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| KnownKey {
        account: row.account_id.into(),
        account_language: row.account_language,
        secret_digest: row.secret_digest,
        key: row.key.into(),
    }))
}
