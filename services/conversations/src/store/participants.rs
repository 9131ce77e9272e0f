//! Who worked in a conversation (CNV-04).

use std::collections::HashMap;

use pg::{Error, Tx};
use types::{AccountId, ConversationId, UserId};
use uuid::Uuid;

/// An employee wrote in a conversation or closed it.
///
/// # Errors
/// When the database fails.
pub async fn add(
    tx: &mut Tx,
    account: AccountId,
    conversation: ConversationId,
    user: UserId,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO participants (account_id, conversation_id, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(account.uuid())
    .bind(conversation.uuid())
    .bind(user.uuid())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Who worked in these conversations.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(level = "debug", name = "db.participant.of", skip_all)]
pub async fn of(
    tx: &mut Tx,
    account: AccountId,
    conversations: &[ConversationId],
) -> Result<HashMap<ConversationId, Vec<UserId>>, Error> {
    let ids: Vec<Uuid> = conversations.iter().map(|id| id.uuid()).collect();
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "SELECT conversation_id, user_id FROM participants WHERE account_id = $1 AND conversation_id = ANY ($2)",
    )
    .bind(account.uuid())
    .bind(ids)
    .fetch_all(&mut **tx)
    .await?;
    let mut found: HashMap<ConversationId, Vec<UserId>> = HashMap::new();
    for (conversation, user) in rows {
        let users = found.entry(conversation.into()).or_default();
        users.push(user.into());
    }
    Ok(found)
}
