//! Chats. The row of a chat is the lock of everything in it.

use auth::AccountScope;
use pg::{Error, Tx};
use sqlx::Row;
use types::{AccountId, ChatId, ConnectionId};
use uuid::Uuid;

/// A chat whose row this transaction has locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedChat {
    /// Its id.
    pub id: ChatId,
    /// Its connection.
    pub connection: ConnectionId,
    /// The channel's id of it.
    pub external_id: String,
    /// The client's name.
    pub client_name: String,
    /// Place of the newest message.
    pub last_seq: i64,
}

/// Locks a chat.
///
/// # Errors
/// When the database fails.
pub async fn lock(
    tx: &mut Tx,
    scope: AccountScope,
    chat: ChatId,
) -> Result<Option<LockedChat>, Error> {
    let row = sqlx::query(
        "SELECT id, connection_id, external_id, client_name, last_seq FROM chats WHERE account_id = $1 AND id = $2 FOR UPDATE",
    )
    .bind(scope.account().uuid())
    .bind(chat.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| {
        Ok(LockedChat {
            id: row.try_get::<Uuid, _>("id")?.into(),
            connection: row.try_get::<Uuid, _>("connection_id")?.into(),
            external_id: row.try_get("external_id")?,
            client_name: row.try_get("client_name")?,
            last_seq: row.try_get("last_seq")?,
        })
    })
    .transpose()
}

/// Takes the next place in a locked chat.
///
/// # Errors
/// When the database fails.
pub async fn next_seq(tx: &mut Tx, scope: AccountScope, chat: ChatId) -> Result<i64, Error> {
    Ok(sqlx::query_scalar("UPDATE chats SET last_seq = last_seq + 1 WHERE account_id = $1 AND id = $2 RETURNING last_seq")
        .bind(scope.account().uuid())
        .bind(chat.uuid())
        .fetch_one(&mut **tx)
        .await?)
}

/// A chat that messages arrive in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arriving<'a> {
    /// Account.
    pub account: AccountId,
    /// Connection.
    pub connection: ConnectionId,
    /// The channel's id of the chat.
    pub external_id: &'a str,
    /// The client's name; empty leaves it as it is.
    pub client_name: &'a str,
    /// How many messages arrive.
    pub messages: i64,
}

/// Makes or locks the chats that messages arrive in and takes their places, in the order given: sort it, so that two
/// transactions cannot wait for one another. The answer has the newest place of each.
///
/// # Errors
/// When the database fails.
pub async fn arrive(tx: &mut Tx, chats: &[Arriving<'_>]) -> Result<Vec<LockedChat>, Error> {
    let rows = sqlx::query(
        "INSERT INTO chats AS c (account_id, id, connection_id, external_id, client_name, last_seq)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[])
         ON CONFLICT (account_id, connection_id, external_id) DO UPDATE
            SET last_seq = c.last_seq + excluded.last_seq,
                client_name = CASE WHEN excluded.client_name = '' THEN c.client_name ELSE excluded.client_name END
         RETURNING id, connection_id, external_id, client_name, last_seq",
    )
    .bind(chats.iter().map(|c| c.account.uuid()).collect::<Vec<_>>())
    .bind(chats.iter().map(|_| ChatId::generate().uuid()).collect::<Vec<_>>())
    .bind(chats.iter().map(|c| c.connection.uuid()).collect::<Vec<_>>())
    .bind(chats.iter().map(|c| c.external_id).collect::<Vec<_>>())
    .bind(chats.iter().map(|c| c.client_name).collect::<Vec<_>>())
    .bind(chats.iter().map(|c| c.messages).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(LockedChat {
                id: row.try_get::<Uuid, _>("id")?.into(),
                connection: row.try_get::<Uuid, _>("connection_id")?.into(),
                external_id: row.try_get("external_id")?,
                client_name: row.try_get("client_name")?,
                last_seq: row.try_get("last_seq")?,
            })
        })
        .collect()
}

/// Locks the chat that a channel names.
///
/// # Errors
/// When the database fails.
pub async fn lock_external(
    tx: &mut Tx,
    account: AccountId,
    connection: ConnectionId,
    external_id: &str,
) -> Result<Option<ChatId>, Error> {
    let chat: Option<Uuid> = sqlx::query_scalar(
        "SELECT id FROM chats WHERE account_id = $1 AND connection_id = $2 AND external_id = $3 FOR UPDATE",
    )
    .bind(account.uuid())
    .bind(connection.uuid())
    .bind(external_id)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(chat.map(Into::into))
}
