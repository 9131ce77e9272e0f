//! Files of messages. Their contents are elsewhere ([`crate::files`]).

mod arrive;
mod fetches;
mod pictures;
mod row;
mod unused;

use pg::{Error, Tx};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use types::{AccountId, AttachmentId, ChatId, ConnectionId, ConversationId, MessageId};
use uuid::Uuid;

use crate::domain::attachment::Attachment;
use crate::domain::message::Message;
use crate::store::numbers::{of_file_kind, of_file_state};

pub use arrive::{Address, arrive};
pub use fetches::{Fetch, claim, finish, postpone};
pub use pictures::{Picture, forget_pictures, let_go, of_chat, of_chats, show};
pub use row::of_message;
pub use unused::{forget, forget_announced, unused};

/// A file that was uploaded.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// The file.
    pub file: Attachment,
    /// Who may send it: an employee, a program, or for a file of a client the connection.
    pub uploader: Uuid,
    /// The chat of a file of a client.
    pub chat: Option<(ConnectionId, String)>,
    /// The client's own key of it, where it came in parts.
    pub key: Option<Uuid>,
    /// Digest of its contents.
    pub sha256: Vec<u8>,
    /// When.
    pub create_time: OffsetDateTime,
}

/// A file with what it belongs to.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The file.
    pub file: Attachment,
    /// Who uploaded it.
    pub uploader: Uuid,
    /// The chat it is in, once it was sent or when a client sent it.
    pub chat: Option<(ConnectionId, String)>,
    /// The conversation it was sent in, and whether its message is there.
    pub sent: Option<(ConversationId, bool)>,
    /// The chat whose client shows it as their picture.
    pub picture_of: Option<ChatId>,
    /// Digest of its contents; empty while it is not here.
    pub sha256: Vec<u8>,
    /// When it was uploaded or announced.
    pub create_time: OffsetDateTime,
}

/// Keeps a file that was uploaded.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.attachment.insert", skip_all, fields(attachment.id = %it.file.id), err)]
pub async fn insert(tx: &mut Tx, account: AccountId, it: &Uploaded) -> Result<(), Error> {
    let (state, failure) = of_file_state(it.file.state);
    let (connection, chat) = it.chat.clone().unzip();
    sqlx::query(
        "INSERT INTO attachments (account_id, id, uploader, connection_id, external_chat_id, kind, file_name, media_type, size,
                duration_ms, width, height, state, failure, has_preview, sha256, create_time, upload_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
    )
    .bind(account.uuid())
    .bind(it.file.id.uuid())
    .bind(it.uploader)
    .bind(connection.map(ConnectionId::uuid))
    .bind(chat.unwrap_or_default())
    .bind(of_file_kind(it.file.kind))
    .bind(&it.file.file_name)
    .bind(&it.file.media_type)
    .bind(it.file.size as i64)
    .bind(it.file.duration_ms)
    .bind(it.file.width as i32)
    .bind(it.file.height as i32)
    .bind(state)
    .bind(failure)
    .bind(it.file.has_preview)
    .bind(&it.sha256)
    .bind(it.create_time)
    .bind(it.key)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The file of a chat that was uploaded in parts under the client's own key.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.attachment.of_upload", skip_all, err)]
pub async fn of_upload(
    tx: &mut Tx,
    account: AccountId,
    (connection, chat): &(ConnectionId, String),
    key: Uuid,
) -> Result<Option<Attachment>, Error> {
    let row = sqlx::query(
        "SELECT a.id, a.kind, a.file_name, a.media_type, a.size, a.duration_ms, a.width, a.height, a.state, a.failure, a.has_preview
           FROM attachments a
          WHERE a.account_id = $1 AND a.connection_id = $2 AND a.external_chat_id = $3 AND a.upload_id = $4",
    )
    .bind(account.uuid())
    .bind(connection.uuid())
    .bind(chat)
    .bind(key)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| row::from_row(&row)).transpose()
}

macro_rules! find {
    ($end:literal) => {
        concat!(
            "SELECT a.id, a.uploader, a.connection_id, a.external_chat_id, a.conversation_id, a.kind, a.file_name, a.media_type,
                    a.size, a.duration_ms, a.width, a.height, a.state, a.failure, a.has_preview, a.sha256, a.create_time,
                    a.picture_of,
                    (SELECT m.id = a.message_id FROM messages m
                      WHERE m.account_id = a.account_id AND m.conversation_id = a.conversation_id AND m.seq = a.seq) AS is_there
               FROM unnest($1::uuid[], $2::uuid[]) AS w (account_id, id)
               JOIN attachments a ON a.account_id = w.account_id AND a.id = w.id ",
            $end
        )
    };
}

/// Those of the files that exist.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.attachment.find", skip_all, err)]
pub async fn find(tx: &mut Tx, wanted: &[(AccountId, AttachmentId)]) -> Result<Vec<Kept>, Error> {
    read(tx, find!(""), wanted).await
}

/// The same, locked in order of their ids.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.attachment.lock", skip_all, err)]
pub async fn lock(tx: &mut Tx, wanted: &[(AccountId, AttachmentId)]) -> Result<Vec<Kept>, Error> {
    read(
        tx,
        find!("ORDER BY a.account_id, a.id FOR UPDATE OF a"),
        wanted,
    )
    .await
}

async fn read(
    tx: &mut Tx,
    statement: &'static str,
    wanted: &[(AccountId, AttachmentId)],
) -> Result<Vec<Kept>, Error> {
    let rows = sqlx::query(statement)
        .bind(
            wanted
                .iter()
                .map(|(account, _)| account.uuid())
                .collect::<Vec<_>>(),
        )
        .bind(wanted.iter().map(|(_, id)| id.uuid()).collect::<Vec<_>>())
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(kept).collect()
}

fn kept(row: &PgRow) -> Result<Kept, Error> {
    let connection: Option<Uuid> = row.try_get("connection_id")?;
    let chat: String = row.try_get("external_chat_id")?;
    let conversation: Option<Uuid> = row.try_get("conversation_id")?;
    let is_there: Option<bool> = row.try_get("is_there")?;
    Ok(Kept {
        file: row::from_row(row)?,
        uploader: row.try_get("uploader")?,
        chat: connection.map(|connection| (connection.into(), chat)),
        sent: conversation.map(|id| (id.into(), is_there.unwrap_or(false))),
        picture_of: row
            .try_get::<Option<Uuid>, _>("picture_of")?
            .map(ChatId::from),
        sha256: row.try_get("sha256")?,
        create_time: row.try_get("create_time")?,
    })
}

/// The chat in which a message is sent.
#[derive(Debug, Clone, Copy)]
pub struct Chat<'a> {
    /// Account.
    pub account: AccountId,
    /// Connection.
    pub connection: ConnectionId,
    /// The channel's id of it.
    pub external_id: &'a str,
}

/// Gives locked files to the message that has them.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.attachment.send", skip_all, fields(message.id = %message.id), err)]
pub async fn send(tx: &mut Tx, chat: Chat<'_>, message: &Message) -> Result<(), Error> {
    if message.attachments.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE attachments a
            SET connection_id = $3, external_chat_id = $4, conversation_id = $5, message_id = $6, seq = $7, place = w.place
           FROM unnest($2::uuid[]) WITH ORDINALITY AS w (id, place)
          WHERE a.account_id = $1 AND a.id = w.id",
    )
    .bind(chat.account.uuid())
    .bind(message.attachments.iter().map(|file| file.id.uuid()).collect::<Vec<_>>())
    .bind(chat.connection.uuid())
    .bind(chat.external_id)
    .bind(message.conversation.uuid())
    .bind(message.id.uuid())
    .bind(message.seq)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The files of messages, in their order.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.attachment.of_messages", skip_all, fields(messages = messages.len()), err)]
pub async fn of_messages(
    tx: &mut Tx,
    messages: &[(AccountId, MessageId)],
) -> Result<Vec<(MessageId, Attachment)>, Error> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(
        "SELECT a.message_id, a.id, a.kind, a.file_name, a.media_type, a.size, a.duration_ms, a.width, a.height, a.state,
                a.failure, a.has_preview
           FROM unnest($1::uuid[], $2::uuid[]) AS w (account_id, id)
           JOIN attachments a ON a.account_id = w.account_id AND a.message_id = w.id
          ORDER BY a.account_id, a.message_id, a.place",
    )
    .bind(messages.iter().map(|(account, _)| account.uuid()).collect::<Vec<_>>())
    .bind(messages.iter().map(|(_, id)| id.uuid()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get::<Uuid, _>("message_id")?.into(),
                row::from_row(row)?,
            ))
        })
        .collect()
}
