//! Files and baskets of clients' messages, before the messages themselves.
//!
//! They are written before the batch that has the messages: a message never stands without its files. When the batch is
//! decided again it writes them again, to the message as it is then; what was written for a message that never came is shown
//! nowhere.

use pg::Error;
use sqlx::PgConnection;
use sqlx::types::Json;
use types::AttachmentId;

use crate::changes::Change;
use crate::domain::attachment::Attachment;
use crate::domain::message::Message;
use crate::store::numbers::{of_file_kind, of_file_state};

/// Where a file is that is still to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The file.
    pub id: AttachmentId,
    /// Where it is.
    pub url: String,
}

/// Writes the files and baskets of new messages, and what is to be fetched.
///
/// # Errors
/// When the database fails.
pub async fn arrive(
    connection: &mut PgConnection,
    changes: &[&Change],
    addresses: &[Address],
) -> Result<(), Error> {
    let files: Vec<(&Change, &Message, usize, &Attachment)> = changes
        .iter()
        .filter_map(|change| Some((*change, change.message.as_ref()?)))
        .flat_map(|(change, message)| {
            let files = message.attachments.iter().enumerate();
            files.map(move |(place, file)| (change, message, place, file))
        })
        .collect();
    write_files(connection, &files).await?;
    write_fetches(connection, &files, addresses).await?;
    write_carts(connection, changes).await
}

type File<'a> = (&'a Change, &'a Message, usize, &'a Attachment);

fn column<T>(files: &[File<'_>], value: impl Fn(&File<'_>) -> T) -> Vec<T> {
    files.iter().map(value).collect()
}

async fn write_files(connection: &mut PgConnection, files: &[File<'_>]) -> Result<(), Error> {
    if files.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO attachments (account_id, id, uploader, connection_id, external_chat_id, conversation_id, message_id, seq,
                place, kind, file_name, media_type, size, duration_ms, width, height, state, has_preview, sha256, create_time)
         SELECT account_id, id, connection_id, connection_id, chat, conversation_id, message_id, seq, place, kind, file_name,
                '', 0, duration_ms, 0, 0, state, false, '', create_time
           FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::bigint[], $8::smallint[],
                $9::smallint[], $10::text[], $11::bigint[], $12::smallint[], $13::timestamptz[])
             AS t (account_id, id, connection_id, chat, conversation_id, message_id, seq, place, kind, file_name, duration_ms,
                state, create_time)
         ON CONFLICT (account_id, id) DO UPDATE
            SET conversation_id = excluded.conversation_id, message_id = excluded.message_id, seq = excluded.seq,
                place = excluded.place
          WHERE attachments.connection_id = excluded.connection_id
            AND attachments.external_chat_id = excluded.external_chat_id",
    )
    .bind(column(files, |(change, ..)| change.conversation.account.uuid()))
    .bind(column(files, |(.., file)| file.id.uuid()))
    .bind(column(files, |(change, ..)| change.conversation.connection.uuid()))
    .bind(column(files, |(change, ..)| change.external_chat_id.clone()))
    .bind(column(files, |(_, message, ..)| message.conversation.uuid()))
    .bind(column(files, |(_, message, ..)| message.id.uuid()))
    .bind(column(files, |(_, message, ..)| message.seq))
    .bind(column(files, |(_, _, place, _)| i16::try_from(*place).unwrap_or(i16::MAX)))
    .bind(column(files, |(.., file)| of_file_kind(file.kind)))
    .bind(column(files, |(.., file)| file.file_name.clone()))
    .bind(column(files, |(.., file)| file.duration_ms))
    .bind(column(files, |(.., file)| of_file_state(file.state).0))
    .bind(column(files, |(_, message, ..)| message.create_time))
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_fetches(
    connection: &mut PgConnection,
    files: &[File<'_>],
    addresses: &[Address],
) -> Result<(), Error> {
    let wanted: Vec<(&File<'_>, &str)> = files
        .iter()
        .filter_map(|file| {
            let address = addresses.iter().find(|address| address.id == file.3.id)?;
            Some((file, &address.url[..]))
        })
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let each = || wanted.iter().map(|(file, _)| *file);
    sqlx::query(
        "INSERT INTO media_fetches (account_id, attachment_id, connection_id, url, not_before)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[])
         ON CONFLICT (account_id, attachment_id) DO NOTHING",
    )
    .bind(
        each()
            .map(|(change, ..)| change.conversation.account.uuid())
            .collect::<Vec<_>>(),
    )
    .bind(each().map(|(.., file)| file.id.uuid()).collect::<Vec<_>>())
    .bind(
        each()
            .map(|(change, ..)| change.conversation.connection.uuid())
            .collect::<Vec<_>>(),
    )
    .bind(wanted.iter().map(|(_, url)| *url).collect::<Vec<_>>())
    .bind(
        each()
            .map(|(_, message, ..)| message.create_time)
            .collect::<Vec<_>>(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_carts(connection: &mut PgConnection, changes: &[&Change]) -> Result<(), Error> {
    let carts: Vec<_> = changes
        .iter()
        .filter_map(|change| {
            let message = change.message.as_ref()?;
            Some((
                change.conversation.account,
                message.id,
                message.cart.as_ref()?,
            ))
        })
        .collect();
    if carts.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO carts (account_id, message_id, cart) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[])",
    )
    .bind(carts.iter().map(|(account, ..)| account.uuid()).collect::<Vec<_>>())
    .bind(carts.iter().map(|(_, message, _)| message.uuid()).collect::<Vec<_>>())
    .bind(carts.iter().map(|(.., cart)| Json(*cart)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}
