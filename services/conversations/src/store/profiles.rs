//! What channels tell of clients beside their names.

use std::collections::BTreeMap;

use auth::AccountScope;
use pg::{Error, Tx};
use types::{AccountId, ChatId};

use crate::domain::profile::Profile;

/// Profiles by chat.
pub type Profiles = BTreeMap<(AccountId, ChatId), Profile>;

/// Keeps what is new of profiles; what they do not tell stays as it was.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.profiles.keep", skip_all, fields(count = told.len()), err)]
pub async fn keep(tx: &mut Tx, told: &Profiles) -> Result<(), Error> {
    if told.is_empty() {
        return Ok(());
    }
    // Every message tells the same again: then there is nothing to write.
    sqlx::query(
        "INSERT INTO chat_profiles AS p (account_id, chat_id, username, user_id, phone)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
         ON CONFLICT (account_id, chat_id) DO UPDATE
            SET username = coalesce(nullif(excluded.username, ''), p.username),
                user_id = coalesce(nullif(excluded.user_id, ''), p.user_id),
                phone = coalesce(nullif(excluded.phone, ''), p.phone)
          WHERE (coalesce(nullif(excluded.username, ''), p.username), coalesce(nullif(excluded.user_id, ''), p.user_id),
                 coalesce(nullif(excluded.phone, ''), p.phone)) IS DISTINCT FROM (p.username, p.user_id, p.phone)",
    )
    .bind(told.keys().map(|(account, _)| account.uuid()).collect::<Vec<_>>())
    .bind(told.keys().map(|(_, chat)| chat.uuid()).collect::<Vec<_>>())
    .bind(told.values().map(|it| &it.username[..]).collect::<Vec<_>>())
    .bind(told.values().map(|it| &it.user_id[..]).collect::<Vec<_>>())
    .bind(told.values().map(|it| &it.phone[..]).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What is known of a chat's client.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.profile.get", skip_all, fields(chat.id = %chat), err)]
pub async fn get(tx: &mut Tx, scope: AccountScope, chat: ChatId) -> Result<Profile, Error> {
    let row: Option<(String, String, String)> = sqlx::query_as(
        "SELECT username, user_id, phone FROM chat_profiles WHERE account_id = $1 AND chat_id = $2",
    )
    .bind(scope.account().uuid())
    .bind(chat.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(
        row.map_or_else(Profile::default, |(username, user_id, phone)| Profile {
            username,
            user_id,
            phone,
        }),
    )
}
