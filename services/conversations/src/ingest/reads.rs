//! What clients have read.

use api::conversations::v1::ChangeKind;
use pg::{Error, Tx};
use sqlx::Row;
use types::ConversationId;
use uuid::Uuid;

use super::plan::{ReadUpTo, Work};
use crate::changes::Change;
use crate::domain::message::Status;
use crate::store::messages::{columns, from_row};
use crate::store::numbers::of_status;

/// Marks the messages that clients have read; the changes tell of those for which that is news.
pub async fn mark(tx: &mut Tx, reads: &[ReadUpTo], works: &[Work]) -> Result<Vec<Change>, Error> {
    if reads.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(concat!(
        "UPDATE messages m SET status = $4
           FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS r (account_id, conversation_id, seq), conversations c, chats h
          WHERE m.account_id = r.account_id AND m.conversation_id = r.conversation_id AND m.seq <= r.seq
            AND m.status IN (1, 2, 3, 6)
            AND c.account_id = m.account_id AND c.id = m.conversation_id
            AND h.account_id = c.account_id AND h.id = c.chat_id
         RETURNING h.external_id, ",
        columns!()
    ))
    .bind(reads.iter().map(|read| read.account.uuid()).collect::<Vec<_>>())
    .bind(reads.iter().map(|read| read.conversation.uuid()).collect::<Vec<_>>())
    .bind(reads.iter().map(|read| read.seq).collect::<Vec<_>>())
    .bind(of_status(Some(Status::Read)))
    .fetch_all(&mut **tx)
    .await?;
    let mut changes = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: ConversationId = row.try_get::<Uuid, _>("conversation_id")?.into();
        if let Some(work) = works.iter().find(|work| work.conversation.id == id) {
            changes.push(Change {
                kind: ChangeKind::MessageChanged,
                conversation: work.conversation.clone(),
                message: Some(from_row(row)?),
                external_chat_id: row.try_get("external_id")?,
                facts: Vec::new(),
            });
        }
    }
    changes.sort_by_key(|change| {
        (
            change.conversation.id,
            change.message.as_ref().map(|message| message.seq),
        )
    });
    Ok(changes)
}
