//! Files that are still to be fetched from their channels.

use pg::{Error, Tx};
use sqlx::Row;
use time::OffsetDateTime;
use types::{AccountId, AttachmentId, ConversationId};
use uuid::Uuid;

use crate::domain::attachment::Attachment;
use crate::store::numbers::{of_file_kind, of_file_state};

/// A file to fetch, under a lease.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// Account.
    pub account: AccountId,
    /// The file as it was announced.
    pub file: Attachment,
    /// Where it is.
    pub url: String,
    /// Hosts from which the connector's files come.
    pub hosts: Vec<String>,
    /// How often it was tried, this time included.
    pub attempt: i32,
}

/// Takes up to `limit` files that are due, until `lease_end`; the oldest first.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.media_fetch.claim", skip_all, err)]
pub async fn claim(
    tx: &mut Tx,
    now: OffsetDateTime,
    lease_end: OffsetDateTime,
    limit: i64,
) -> Result<Vec<Fetch>, Error> {
    let rows = sqlx::query(
        "WITH due AS (
             SELECT f.account_id, f.attachment_id FROM media_fetches f
              WHERE f.not_before <= $1
                    -- Files are written before their message: it may be on its way.
                AND (SELECT EXISTS (SELECT FROM attachments w
                       JOIN messages m ON m.account_id = w.account_id AND m.conversation_id = w.conversation_id AND m.seq = w.seq
                      WHERE w.account_id = f.account_id AND w.id = f.attachment_id AND m.id = w.message_id))
              ORDER BY f.not_before LIMIT $3 FOR UPDATE OF f SKIP LOCKED
         ), claimed AS (
             UPDATE media_fetches f SET attempt = f.attempt + 1, not_before = $2
               FROM due WHERE f.account_id = due.account_id AND f.attachment_id = due.attachment_id
             RETURNING f.account_id, f.attachment_id, f.connection_id, f.url, f.attempt
         )
         SELECT f.account_id, f.url, f.attempt, a.id, a.kind, a.file_name, a.media_type, a.size, a.duration_ms, a.width,
                a.height, a.state, a.failure, a.has_preview,
                (SELECT k.media_hosts FROM connections c
                   JOIN connectors k ON k.account_id IN (c.account_id, '00000000-0000-0000-0000-000000000000')
                        AND k.connector_key = c.connector_key
                  WHERE c.account_id = f.account_id AND c.id = f.connection_id
                  ORDER BY k.account_id DESC LIMIT 1) AS media_hosts
           FROM claimed f JOIN attachments a ON a.account_id = f.account_id AND a.id = f.attachment_id",
    )
    .bind(now)
    .bind(lease_end)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Fetch {
                account: row.try_get::<Uuid, _>("account_id")?.into(),
                file: super::row::from_row(row)?,
                url: row.try_get("url")?,
                hosts: row
                    .try_get::<Option<Vec<String>>, _>("media_hosts")?
                    .unwrap_or_default(),
                attempt: row.try_get("attempt")?,
            })
        })
        .collect()
}

/// Lets a file be tried again at a time.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.media_fetch.postpone", skip_all, fields(attachment.id = %id), err)]
pub async fn postpone(
    tx: &mut Tx,
    account: AccountId,
    id: AttachmentId,
    until: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE media_fetches SET not_before = $3 WHERE account_id = $1 AND attachment_id = $2",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(until)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Where the message of a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its conversation.
    pub conversation: ConversationId,
    /// Its place in the chat.
    pub seq: i64,
}

/// Keeps what became of a file and takes it off the list; where its message stands. `None` when somebody else was quicker.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.media_fetch.finish", skip_all, fields(attachment.id = %file.id), err)]
pub async fn finish(
    tx: &mut Tx,
    account: AccountId,
    file: &Attachment,
    sha256: &[u8],
) -> Result<Option<Place>, Error> {
    let (state, failure) = of_file_state(file.state);
    let row: Option<(Uuid, i64)> = sqlx::query_as(
        "WITH done AS (
             DELETE FROM media_fetches WHERE account_id = $1 AND attachment_id = $2 RETURNING account_id, attachment_id
         )
         UPDATE attachments a
            SET kind = $3, media_type = $4, size = $5, width = $6, height = $7, state = $8, failure = $9, has_preview = $10,
                sha256 = $11, file_name = $12
           FROM done WHERE a.account_id = done.account_id AND a.id = done.attachment_id
         RETURNING a.conversation_id, a.seq",
    )
    .bind(account.uuid())
    .bind(file.id.uuid())
    .bind(of_file_kind(file.kind))
    .bind(&file.media_type)
    .bind(file.size as i64)
    .bind(file.width as i32)
    .bind(file.height as i32)
    .bind(state)
    .bind(failure)
    .bind(file.has_preview)
    .bind(sha256)
    .bind(&file.file_name)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(conversation, seq)| Place {
        conversation: conversation.into(),
        seq,
    }))
}
