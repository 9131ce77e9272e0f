//! What clients have read.

use api::conversations::v1::ChangeKind;
use pg::Error;
use sqlx::{PgConnection, Row};
use types::{AccountId, ConversationId};

use super::plan::Plan;
use crate::changes::Change;
use crate::domain::conversation::Conversation;
use crate::domain::message::Status;
use crate::store::messages::{columns, from_row};

/// A message that is to be marked as read.
#[derive(Debug, Clone, Copy)]
pub struct Marked {
    /// Account.
    pub account: AccountId,
    /// Conversation.
    pub conversation: ConversationId,
    /// Place in the chat.
    pub seq: i64,
    /// How far it had come.
    pub stored: Option<Status>,
}

/// Finds the messages for which it is news that the client has read them, and tells of them.
pub async fn mark(connection: &mut PgConnection, plan: &mut Plan) -> Result<Vec<Marked>, Error> {
    if plan.reads.is_empty() {
        return Ok(Vec::new());
    }
    let read: Vec<Conversation> = plan
        .reads
        .iter()
        .map(|read| plan.conversation(read.work).clone())
        .collect();
    let rows = sqlx::query(concat!(
        "SELECT r.ord, h.external_id, ",
        columns!(),
        " FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[]) WITH ORDINALITY
               AS r (account_id, conversation_id, seq, chat_id, ord)
          JOIN messages m ON m.account_id = r.account_id AND m.conversation_id = r.conversation_id AND m.seq <= r.seq
          JOIN chats h ON h.account_id = r.account_id AND h.id = r.chat_id
         WHERE m.status IN (1, 2, 3, 6)
         ORDER BY r.ord, m.seq"
    ))
    .bind(read.iter().map(|it| it.account.uuid()).collect::<Vec<_>>())
    .bind(read.iter().map(|it| it.id.uuid()).collect::<Vec<_>>())
    .bind(plan.reads.iter().map(|it| it.seq).collect::<Vec<_>>())
    .bind(read.iter().map(|it| it.chat.uuid()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let mut marked: Vec<Marked> = Vec::with_capacity(rows.len());
    for row in &rows {
        let place = usize::try_from(row.try_get::<i64, _>("ord")? - 1).unwrap_or_default();
        let Some(conversation) = read.get(place).cloned() else {
            continue;
        };
        let mut message = from_row(row)?;
        // A client may report two places of one conversation at once.
        if marked
            .iter()
            .any(|it| it.conversation == conversation.id && it.seq == message.seq)
        {
            continue;
        }
        marked.push(Marked {
            account: conversation.account,
            conversation: conversation.id,
            seq: message.seq,
            stored: message.status,
        });
        message.status = Some(Status::Read);
        plan.changes.push(Change {
            kind: ChangeKind::MessageChanged,
            conversation,
            message: Some(message),
            external_chat_id: row.try_get("external_id")?,
            facts: Vec::new(),
            previous: None,
            silent: false,
        });
    }
    Ok(marked)
}
