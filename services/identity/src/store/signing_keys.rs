//! Signing keys. They belong to the installation.

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;

use crate::domain::signing::Scheduled;

/// A key as it is stored.
#[derive(Debug, Clone, FromRow)]
pub struct StoredKey {
    /// The "kid" of its tokens.
    pub key_id: String,
    /// The public half.
    pub public_key: Vec<u8>,
    /// The private half, sealed.
    pub sealed_seed: Vec<u8>,
    /// When it was made.
    pub create_time: OffsetDateTime,
    /// From when on it signs.
    pub activate_time: OffsetDateTime,
}

impl Scheduled for StoredKey {
    fn activate_time(&self) -> OffsetDateTime {
        self.activate_time
    }
}

/// Makes other replicas wait until the transaction ends: two must not make the next key at once.
#[tracing::instrument(level = "debug", name = "db.signing_key.lock", skip_all)]
pub async fn lock(tx: &mut Tx) -> Result<(), Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('identity.signing_keys', 0))")
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// All keys, in order of activation.
#[tracing::instrument(level = "debug", name = "db.signing_key.list", skip_all)]
pub async fn list(tx: &mut Tx) -> Result<Vec<StoredKey>, Error> {
    let keys = sqlx::query_as(
        "SELECT key_id, public_key, sealed_seed, create_time, activate_time FROM signing_keys ORDER BY activate_time, key_id",
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(keys)
}

/// Adds a key.
#[tracing::instrument(level = "debug", name = "db.signing_key.insert", skip_all)]
pub async fn insert(tx: &mut Tx, key: &StoredKey) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO signing_keys (key_id, public_key, sealed_seed, create_time, activate_time) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(&key.key_id)
    .bind(&key.public_key)
    .bind(&key.sealed_seed)
    .bind(key.create_time)
    .bind(key.activate_time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a key that no living token was signed with.
#[tracing::instrument(level = "debug", name = "db.signing_key.delete", skip_all)]
pub async fn delete(tx: &mut Tx, key_id: &str) -> Result<(), Error> {
    sqlx::query("DELETE FROM signing_keys WHERE key_id = $1")
        .bind(key_id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
