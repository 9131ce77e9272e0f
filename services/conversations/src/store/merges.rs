//! Chats and conversations of contacts that crm merges, or parts again.

use pg::{Error, Tx};
use types::{AccountId, ConversationId};
use uuid::Uuid;

/// The chats of a contact become another's, with all their conversations.
///
/// # Errors
/// When the database fails.
pub async fn merge(
    tx: &mut Tx,
    account: AccountId,
    source: Uuid,
    target: Uuid,
) -> Result<(), Error> {
    lock_chats(tx, account, source).await?;
    sqlx::query(
        "WITH went AS (UPDATE chats SET contact_id = $3 WHERE account_id = $1 AND contact_id = $2 RETURNING id)
         INSERT INTO merged_chats (account_id, contact_id, chat_id) SELECT $1, $2, id FROM went ON CONFLICT DO NOTHING",
    )
    .bind(account.uuid())
    .bind(source)
    .bind(target)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "UPDATE conversations SET contact_id = $3, version = version + 1,
                contact_owner = (SELECT responsible FROM cards WHERE account_id = $1 AND id = $3 AND NOT deleted)
          WHERE account_id = $1 AND contact_id = $2",
    )
    .bind(account.uuid())
    .bind(source)
    .bind(target)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The chats that a contact had before it went into another are its again, with all their conversations: those that are still the
/// other's.
///
/// # Errors
/// When the database fails.
pub async fn unmerge(
    tx: &mut Tx,
    account: AccountId,
    source: Uuid,
    target: Uuid,
) -> Result<(), Error> {
    lock_chats(tx, account, target).await?;
    let back: Vec<Uuid> = sqlx::query_scalar(
        "WITH had AS (DELETE FROM merged_chats WHERE account_id = $1 AND contact_id = $2 RETURNING chat_id)
         UPDATE chats h SET contact_id = $2 FROM had
          WHERE h.account_id = $1 AND h.id = had.chat_id AND h.contact_id = $3 RETURNING h.id",
    )
    .bind(account.uuid())
    .bind(source)
    .bind(target)
    .fetch_all(&mut **tx)
    .await?;
    sqlx::query(
        "UPDATE conversations SET contact_id = $2, version = version + 1,
                contact_owner = (SELECT responsible FROM cards WHERE account_id = $1 AND id = $2 AND NOT deleted)
          WHERE account_id = $1 AND chat_id = ANY ($3)",
    )
    .bind(account.uuid())
    .bind(source)
    .bind(back)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Locks the chats of a contact, as whoever changes a conversation does, in the order in which all do.
async fn lock_chats(tx: &mut Tx, account: AccountId, contact: Uuid) -> Result<(), Error> {
    sqlx::query(
        "SELECT FROM chats WHERE account_id = $1 AND contact_id = $2 ORDER BY connection_id, external_id FOR NO KEY UPDATE",
    )
    .bind(account.uuid())
    .bind(contact)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The open conversations that [`unmerge`] would give back, at most 500, with the channel's ids of their chats.
///
/// # Errors
/// When the database fails.
pub async fn to_give_back(
    tx: &mut Tx,
    account: AccountId,
    source: Uuid,
    target: Uuid,
) -> Result<Vec<(ConversationId, String)>, Error> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT c.id, h.external_id
           FROM merged_chats m
           JOIN chats h ON h.account_id = m.account_id AND h.id = m.chat_id AND h.contact_id = $3
           JOIN conversations c ON c.account_id = h.account_id AND c.chat_id = h.id AND c.life = 1
          WHERE m.account_id = $1 AND m.contact_id = $2
          ORDER BY c.id LIMIT 500",
    )
    .bind(account.uuid())
    .bind(source)
    .bind(target)
    .fetch_all(&mut **tx)
    .await?;
    let rows = rows.into_iter();
    Ok(rows.map(|(id, external)| (id.into(), external)).collect())
}
