//! API keys.

use pg::Tx;
use time::OffsetDateTime;
use types::ApiKeyId;

use super::By;
use crate::Error;
use crate::domain::api_key::{ApiKey, Secret};
use crate::domain::audit::Changes;
use crate::store::{api_keys, crm_widgets, revocations, sessions};

/// Makes a key. The secret is known only now.
///
/// # Errors
/// When the database fails.
pub async fn create(
    tx: &mut Tx,
    by: By,
    name: String,
    scopes: Vec<String>,
    expire_time: Option<OffsetDateTime>,
) -> Result<(ApiKey, Secret), Error> {
    let id = ApiKeyId::generate();
    let secret = Secret::generate(id);
    let key = ApiKey {
        id,
        name,
        scopes,
        expire_time,
        create_time: by.now,
        revoke_time: None,
    };
    api_keys::insert(tx, by.account, &key, &secret.digest()).await?;
    let mut changes = Changes::new();
    changes.set("name", &key.name);
    changes.set("scopes", &key.scopes);
    changes.set("expire_time", key.expire_time.map(|time| time.to_string()));
    by.note(tx, "api_key.create", id, changes).await?;
    Ok((key, secret))
}

/// Revokes a key and ends the sessions that it began; one that is revoked stays so.
///
/// # Errors
/// `ApiKeyNotFound`, or when the database fails.
pub async fn revoke(tx: &mut Tx, by: By, id: ApiKeyId) -> Result<(), Error> {
    let key = api_keys::lock(tx, by.account, id)
        .await?
        .ok_or(Error::ApiKeyNotFound(id))?;
    if key.revoke_time.is_some() {
        return Ok(());
    }
    api_keys::revoke(tx, by.account, id, by.now).await?;
    crm_widgets::delete(tx, by.account, id).await?;
    by.note(tx, "api_key.revoke", id, Changes::new()).await?;
    let mut ended = sessions::end_begun_by(tx, by.account, id, by.now).await?;
    ended.push(id.uuid());
    Ok(revocations::insert(tx, by.account, &ended, by.now).await?)
}
