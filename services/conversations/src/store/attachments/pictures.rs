//! Pictures that clients show of themselves.

use auth::AccountScope;
use pg::{Error, Tx};
use sqlx::Row;
use types::{AttachmentId, ChatId};
use uuid::Uuid;

use super::row::from_row;
use crate::domain::attachment::Attachment;

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The file.
    pub file: Attachment,
    /// The channel's id of it.
    pub key: String,
}

/// The picture of a chat's client.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.picture.get", skip_all, fields(chat.id = %chat), err)]
pub async fn of_chat(
    tx: &mut Tx,
    scope: AccountScope,
    chat: ChatId,
) -> Result<Option<Picture>, Error> {
    let row = sqlx::query(
        "SELECT a.id, a.kind, a.file_name, a.media_type, a.size, a.duration_ms, a.width, a.height, a.state, a.failure,
                a.has_preview, a.picture_key
           FROM attachments a WHERE a.account_id = $1 AND a.picture_of = $2",
    )
    .bind(scope.account().uuid())
    .bind(chat.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| {
        Ok(Picture {
            file: from_row(&row)?,
            key: row.try_get("picture_key")?,
        })
    })
    .transpose()
}

/// The pictures of chats.
///
/// # Errors
/// When the database fails.
pub async fn of_chats(
    tx: &mut Tx,
    scope: AccountScope,
    chats: &[Uuid],
) -> Result<Vec<AttachmentId>, Error> {
    let found: Vec<Uuid> = sqlx::query_scalar(
        "SELECT a.id FROM unnest($2::uuid[]) AS w (chat) JOIN attachments a ON a.account_id = $1 AND a.picture_of = w.chat",
    )
    .bind(scope.account().uuid())
    .bind(chats)
    .fetch_all(&mut **tx)
    .await?;
    Ok(found.into_iter().map(AttachmentId::from).collect())
}

/// Deletes pictures whose contents are gone.
///
/// # Errors
/// When the database fails.
pub async fn forget_pictures(
    tx: &mut Tx,
    scope: AccountScope,
    pictures: &[AttachmentId],
) -> Result<(), Error> {
    sqlx::query("DELETE FROM attachments WHERE account_id = $1 AND id = ANY ($2) AND picture_of IS NOT NULL")
        .bind(scope.account().uuid())
        .bind(pictures.iter().map(|id| id.uuid()).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The picture of a locked chat is none any more: with the next files that nobody uses it is deleted.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.picture.let_go", skip_all, fields(chat.id = %chat), err)]
pub async fn let_go(tx: &mut Tx, scope: AccountScope, chat: ChatId) -> Result<(), Error> {
    sqlx::query(
        "UPDATE attachments SET picture_of = NULL, picture_key = '', create_time = 'epoch'
          WHERE account_id = $1 AND picture_of = $2",
    )
    .bind(scope.account().uuid())
    .bind(chat.uuid())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// From now on a file that nothing else uses is the picture of a locked chat, which has none.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.picture.show", skip_all, fields(chat.id = %chat, attachment.id = %file), err)]
pub async fn show(
    tx: &mut Tx,
    scope: AccountScope,
    (chat, key): (ChatId, &str),
    file: AttachmentId,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE attachments SET picture_of = $3, picture_key = $4 WHERE account_id = $1 AND id = $2",
    )
    .bind(scope.account().uuid())
    .bind(file.uuid())
    .bind(chat.uuid())
    .bind(key)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
