//! What somebody has added to «Избранные» (CNV-23).

use std::collections::HashSet;

use auth::AccountScope;
use pg::{Error, Tx};
use time::OffsetDateTime;
use types::ConversationId;
use uuid::Uuid;

/// Adds a conversation; false when it was there.
///
/// # Errors
/// When the database fails.
pub async fn add(
    tx: &mut Tx,
    account: AccountScope,
    owner: Uuid,
    conversation: ConversationId,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let added = sqlx::query(
        "INSERT INTO favourites (account_id, owner_id, conversation_id, create_time) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
    )
    .bind(account.account().uuid())
    .bind(owner)
    .bind(conversation.uuid())
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(added.rows_affected() == 1)
}

/// Takes a conversation off; false when it was not there.
///
/// # Errors
/// When the database fails.
pub async fn remove(
    tx: &mut Tx,
    account: AccountScope,
    owner: Uuid,
    conversation: ConversationId,
) -> Result<bool, Error> {
    let removed = sqlx::query(
        "DELETE FROM favourites WHERE account_id = $1 AND owner_id = $2 AND conversation_id = $3",
    )
    .bind(account.account().uuid())
    .bind(owner)
    .bind(conversation.uuid())
    .execute(&mut **tx)
    .await?;
    Ok(removed.rows_affected() == 1)
}

/// How many somebody has, counted up to one more than `most`.
///
/// # Errors
/// When the database fails.
pub async fn count(
    tx: &mut Tx,
    account: AccountScope,
    owner: Uuid,
    most: i64,
) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(
        "SELECT count(*) FROM (
             SELECT FROM favourites WHERE account_id = $1 AND owner_id = $2 LIMIT $3 + 1) f",
    )
    .bind(account.account().uuid())
    .bind(owner)
    .bind(most)
    .fetch_one(&mut **tx)
    .await?)
}

/// Which of these conversations somebody has among their favourites.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(level = "debug", name = "db.favourite.among", skip_all)]
pub async fn among(
    tx: &mut Tx,
    account: AccountScope,
    owner: Uuid,
    conversations: &[ConversationId],
) -> Result<HashSet<ConversationId>, Error> {
    let ids: Vec<Uuid> = conversations.iter().map(|id| id.uuid()).collect();
    let found: Vec<Uuid> = sqlx::query_scalar(
        "SELECT conversation_id FROM favourites WHERE account_id = $1 AND owner_id = $2 AND conversation_id = ANY ($3)",
    )
    .bind(account.account().uuid())
    .bind(owner)
    .bind(ids)
    .fetch_all(&mut **tx)
    .await?;
    Ok(found.into_iter().map(ConversationId::from).collect())
}
