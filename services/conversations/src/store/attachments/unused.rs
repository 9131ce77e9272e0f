//! Files that were uploaded and never sent.

use pg::{Error, Tx};
use time::OffsetDateTime;
use types::{AccountId, AttachmentId};
use uuid::Uuid;

/// Up to `limit` files that were uploaded before a time and not sent since, the oldest first.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.attachment.unused", skip_all, err)]
pub async fn unused(
    tx: &mut Tx,
    before: OffsetDateTime,
    limit: i64,
) -> Result<Vec<(AccountId, AttachmentId)>, Error> {
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "SELECT account_id, id FROM attachments WHERE message_id IS NULL AND picture_of IS NULL AND create_time < $1
          ORDER BY create_time LIMIT $2",
    )
    .bind(before)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(account, id)| (account.into(), id.into()))
        .collect())
}

/// Deletes up to `limit` files that were announced before a time with a message that never came.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.attachment.forget_announced", skip_all, err)]
pub async fn forget_announced(
    tx: &mut Tx,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, Error> {
    let deleted = sqlx::query(
        "WITH lost AS (
             SELECT f.account_id, f.attachment_id FROM media_fetches f
              WHERE f.not_before < $1
                AND NOT (SELECT EXISTS (SELECT FROM attachments w
                       JOIN messages m ON m.account_id = w.account_id AND m.conversation_id = w.conversation_id AND m.seq = w.seq
                      WHERE w.account_id = f.account_id AND w.id = f.attachment_id AND m.id = w.message_id))
              ORDER BY f.not_before LIMIT $2 FOR UPDATE OF f SKIP LOCKED
         ), forgotten AS (
             DELETE FROM media_fetches f USING lost
              WHERE f.account_id = lost.account_id AND f.attachment_id = lost.attachment_id
         )
         DELETE FROM attachments a USING lost WHERE a.account_id = lost.account_id AND a.id = lost.attachment_id",
    )
    .bind(before)
    .bind(limit)
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected())
}

/// Deletes files, except those that were sent meanwhile.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.attachment.forget", skip_all, fields(attachments = files.len()), err)]
pub async fn forget(tx: &mut Tx, files: &[(AccountId, AttachmentId)]) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM attachments a USING unnest($1::uuid[], $2::uuid[]) AS w (account_id, id)
          WHERE a.account_id = w.account_id AND a.id = w.id AND a.message_id IS NULL AND a.picture_of IS NULL",
    )
    .bind(
        files
            .iter()
            .map(|(account, _)| account.uuid())
            .collect::<Vec<_>>(),
    )
    .bind(files.iter().map(|(_, id)| id.uuid()).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
