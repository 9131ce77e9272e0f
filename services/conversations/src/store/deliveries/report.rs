//! What becomes of deliveries: many at once, under the locks of their chats.

use std::collections::HashMap;

use auth::ConnectorScope;
use pg::{Error, Tx};
use sqlx::Row;
use sqlx::postgres::PgRow;
use types::{AccountId, ChatId, ConversationId, DeliveryId};
use uuid::Uuid;

use crate::domain::conversation::Conversation;
use crate::domain::delivery::Progress;
use crate::domain::message::{Message, Status};
use crate::store::numbers::of_status;
use crate::store::{conversations, messages};

/// A delivery that a connector may report, and its chat. Neither ever changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// Account.
    pub account: AccountId,
    /// The delivery.
    pub id: DeliveryId,
    /// Its chat.
    pub chat: ChatId,
}

/// A delivery whose chat this transaction has locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// Account.
    pub account: AccountId,
    /// The delivery.
    pub id: DeliveryId,
    /// How far it has come.
    pub progress: Progress,
    /// The channel's id of the sent message.
    pub external_message_id: String,
    /// The channel's id of the chat.
    pub external_chat_id: String,
    /// The message.
    pub message: Message,
}

impl Locked {
    /// The message shows how far the delivery has come.
    pub fn settle(&mut self) {
        self.message.status = Some(self.progress.status);
        let why = &self.progress.failure_text;
        self.message.failure_text.clone_from(why);
    }
}

/// Those of the deliveries that exist and are the connector's.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.delivery.find", skip_all, fields(connector.key = connector.key()), err)]
pub async fn find(
    tx: &mut Tx,
    connector: &ConnectorScope,
    ids: &[DeliveryId],
) -> Result<Vec<Reported>, Error> {
    let rows: Vec<(Uuid, Uuid, Uuid)> = sqlx::query_as(
        "SELECT account_id, id, chat_id FROM deliveries
          WHERE id = ANY ($1) AND connector_key = $2 AND ($3::uuid IS NULL OR account_id = $3)",
    )
    .bind(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>())
    .bind(connector.key())
    .bind(connector.account().map(AccountId::uuid))
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(account, id, chat)| Reported {
            account: account.into(),
            id: id.into(),
            chat: chat.into(),
        })
        .collect())
}

/// What waits in chats, also what is with a connector.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.delivery.waiting", skip_all, err)]
pub async fn waiting(
    tx: &mut Tx,
    account: AccountId,
    chats: &[ChatId],
) -> Result<Vec<Reported>, Error> {
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "SELECT d.id, d.chat_id FROM unnest($2::uuid[]) AS w (chat_id)
           JOIN deliveries d ON d.account_id = $1 AND d.chat_id = w.chat_id AND NOT d.done",
    )
    .bind(account.uuid())
    .bind(chats.iter().map(|chat| chat.uuid()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    let reported = |(id, chat): (Uuid, Uuid)| Reported {
        account,
        id: id.into(),
        chat: chat.into(),
    };
    Ok(rows.into_iter().map(reported).collect())
}

/// Locks the chats of the deliveries, in the order in which ingest does: by account, connection and id of the channel.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.delivery.lock_chats", skip_all, err)]
pub async fn lock_chats(tx: &mut Tx, reported: &[Reported]) -> Result<(), Error> {
    sqlx::query(
        "SELECT FROM chats c
          WHERE (c.account_id, c.id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
          ORDER BY c.account_id, c.connection_id, c.external_id COLLATE \"C\"
            FOR UPDATE OF c",
    )
    .bind(
        reported
            .iter()
            .map(|it| it.account.uuid())
            .collect::<Vec<_>>(),
    )
    .bind(reported.iter().map(|it| it.chat.uuid()).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The deliveries with their messages, locked; their chats must be locked by this transaction.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.delivery.locked", skip_all, err)]
pub async fn locked(
    tx: &mut Tx,
    reported: &[Reported],
) -> Result<HashMap<DeliveryId, Locked>, Error> {
    let rows = sqlx::query(concat!(
        "SELECT d.account_id, d.id AS delivery_id, d.done, d.lease_owner IS NOT NULL AS leased, d.lease_token, d.not_before, d.sending,
                d.external_message_id, d.external_chat_id, ",
        messages::columns!(),
        " FROM unnest($1::uuid[], $2::uuid[]) AS w (account_id, id)
          JOIN deliveries d ON d.account_id = w.account_id AND d.id = w.id
          JOIN messages m ON m.account_id = d.account_id AND m.conversation_id = d.conversation_id AND m.seq = d.seq
           FOR UPDATE OF d"
    ))
    .bind(reported.iter().map(|it| it.account.uuid()).collect::<Vec<_>>())
    .bind(reported.iter().map(|it| it.id.uuid()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| from_row(row).map(|locked| (locked.id, locked)))
        .collect()
}

fn from_row(row: &PgRow) -> Result<Locked, Error> {
    let message = messages::from_row(row)?;
    let progress = Progress {
        done: row.try_get("done")?,
        leased: row.try_get("leased")?,
        lease_token: row.try_get("lease_token")?,
        not_before: row.try_get("not_before")?,
        sending: row.try_get("sending")?,
        status: message.status.unwrap_or(Status::Queued),
        failure_text: message.failure_text.clone(),
    };
    Ok(Locked {
        account: row.try_get::<Uuid, _>("account_id")?.into(),
        id: row.try_get::<Uuid, _>("delivery_id")?.into(),
        progress,
        external_message_id: row.try_get("external_message_id")?,
        external_chat_id: row.try_get("external_chat_id")?,
        message,
    })
}

/// Stores how far deliveries and their messages have come since they were read as `before`.
///
/// # Errors
/// `Serialization` when a message has come further meanwhile: that the client has read it is told without the chat's lock. When the
/// database fails.
#[tracing::instrument(name = "db.delivery.store", skip_all, fields(deliveries = changed.len()), err)]
pub async fn store(
    tx: &mut Tx,
    before: &HashMap<DeliveryId, Locked>,
    changed: &[Locked],
) -> Result<(), Error> {
    if changed.is_empty() {
        return Ok(());
    }
    let each = || changed.iter();
    sqlx::query(
        "UPDATE deliveries d
            SET done = n.done, lease_owner = CASE WHEN n.leased THEN d.lease_owner END, not_before = n.not_before,
                external_message_id = n.external_message_id, sending = n.sending
           FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::boolean[], $5::timestamptz[], $6::text[], $7::boolean[])
             AS n (account_id, id, done, leased, not_before, external_message_id, sending)
          WHERE d.account_id = n.account_id AND d.id = n.id",
    )
    .bind(each().map(|it| it.account.uuid()).collect::<Vec<_>>())
    .bind(each().map(|it| it.id.uuid()).collect::<Vec<_>>())
    .bind(each().map(|it| it.progress.done).collect::<Vec<_>>())
    .bind(each().map(|it| it.progress.leased).collect::<Vec<_>>())
    .bind(each().map(|it| it.progress.not_before).collect::<Vec<_>>())
    .bind(each().map(|it| &it.external_message_id[..]).collect::<Vec<_>>())
    .bind(each().map(|it| it.progress.sending).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    store_messages(tx, before, changed).await
}

async fn store_messages(
    tx: &mut Tx,
    before: &HashMap<DeliveryId, Locked>,
    changed: &[Locked],
) -> Result<(), Error> {
    let moved: Vec<(&Locked, &Message)> = changed
        .iter()
        .filter_map(|it| Some((it, &before.get(&it.id)?.message)))
        .filter(|(it, was)| it.message != **was)
        .collect();
    if moved.is_empty() {
        return Ok(());
    }
    let each = || moved.iter().map(|(it, _)| it);
    let stored = sqlx::query(
        "UPDATE messages m SET status = n.status, failure_text = n.failure_text
           FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::smallint[], $5::text[], $6::smallint[])
             AS n (account_id, conversation_id, seq, status, failure_text, was)
          WHERE m.account_id = n.account_id AND m.conversation_id = n.conversation_id AND m.seq = n.seq AND m.status = n.was",
    )
    .bind(each().map(|it| it.account.uuid()).collect::<Vec<_>>())
    .bind(each().map(|it| it.message.conversation.uuid()).collect::<Vec<_>>())
    .bind(each().map(|it| it.message.seq).collect::<Vec<_>>())
    .bind(each().map(|it| of_status(it.message.status)).collect::<Vec<_>>())
    .bind(each().map(|it| &it.message.failure_text[..]).collect::<Vec<_>>())
    .bind(moved.iter().map(|(_, was)| of_status(was.status)).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    match usize::try_from(stored.rows_affected()) {
        Ok(count) if count == moved.len() => Ok(()),
        _ => Err(Error::Serialization),
    }
}

/// Moves how far the client has read to a message that was read. Its chat must be locked by this transaction.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.delivery.mark_read", skip_all, fields(messages = read.len()), err)]
pub async fn mark_read(tx: &mut Tx, read: &[&Locked]) -> Result<(), Error> {
    if read.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE conversations c SET client_read_seq = n.seq
           FROM (SELECT account_id, id, max(seq) AS seq FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS r (account_id, id, seq)
                  GROUP BY account_id, id) n
          WHERE c.account_id = n.account_id AND c.id = n.id AND c.client_read_seq < n.seq",
    )
    .bind(read.iter().map(|it| it.account.uuid()).collect::<Vec<_>>())
    .bind(read.iter().map(|it| it.message.conversation.uuid()).collect::<Vec<_>>())
    .bind(read.iter().map(|it| it.message.seq).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The conversations of these messages.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.delivery.conversations", skip_all, err)]
pub async fn conversations_of(
    tx: &mut Tx,
    changed: &[&Locked],
) -> Result<HashMap<ConversationId, Conversation>, Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        conversations::columns!(),
        " FROM conversations c WHERE (c.account_id, c.id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))"
    ))
    .bind(changed.iter().map(|it| it.account.uuid()).collect::<Vec<_>>())
    .bind(changed.iter().map(|it| it.message.conversation.uuid()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| conversations::from_row(row).map(|conversation| (conversation.id, conversation)))
        .collect()
}
