//! A row as a conversation.

use pg::Error;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::domain::conversation::{Conversation, LastMessage, Life};
use crate::domain::message::Author;
use crate::store::numbers::{CLOSED, OPEN, corrupt, to_answer, to_author, to_closed_by};

/// A row with all columns of a conversation.
///
/// # Errors
/// When the row holds what no version of this program wrote.
pub fn from_row(row: &PgRow) -> Result<Conversation, Error> {
    let id: Uuid = row.try_get("id")?;
    let bad = |column| corrupt("conversations", column, id);
    let last = LastMessage {
        id: row.try_get::<Uuid, _>("last_message_id")?.into(),
        seq: row.try_get("last_seq")?,
        author: Author {
            kind: to_author(row.try_get("last_author")?).ok_or_else(|| bad("last_author"))?,
            name: row.try_get("last_author_name")?,
            user: row
                .try_get::<Option<Uuid>, _>("last_author_user")?
                .map(Into::into),
        },
        preview: row.try_get("last_text")?,
        time: row.try_get("last_time")?,
    };
    Ok(Conversation {
        id: id.into(),
        account: row.try_get::<Uuid, _>("account_id")?.into(),
        number: row.try_get("number")?,
        chat: row.try_get::<Uuid, _>("chat_id")?.into(),
        connection: row.try_get::<Uuid, _>("connection_id")?.into(),
        connector_key: row.try_get("connector_key")?,
        thread: row.try_get("thread")?,
        title: row.try_get("title")?,
        group: row.try_get("is_group")?,
        life: life(row)?.ok_or_else(|| bad("life"))?,
        answer: to_answer(row.try_get("answer")?).ok_or_else(|| bad("answer"))?,
        last,
        client_read_seq: row.try_get("client_read_seq")?,
        version: row.try_get("version")?,
        create_time: row.try_get("create_time")?,
        update_time: row.try_get("update_time")?,
    })
}

fn life(row: &PgRow) -> Result<Option<Life>, sqlx::Error> {
    let closing = (row.try_get("close_time")?, row.try_get("closed_by")?);
    Ok(match (row.try_get::<i16, _>("life")?, closing) {
        (OPEN, (None, None)) => Some(Life::Open),
        (CLOSED, (Some(at), Some(by))) => {
            to_closed_by(by, row.try_get("closed_user")?).map(|by| Life::Closed { at, by })
        }
        _ => None,
    })
}
