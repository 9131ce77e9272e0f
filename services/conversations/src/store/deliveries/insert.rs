//! Queueing deliveries.

use pg::{Error, Tx};
use sqlx::types::Json;

use crate::domain::delivery::Delivery;

/// Queues deliveries; their chats must be locked by this transaction. After the commit tell `AfterCommit::queued`.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, deliveries: &[Delivery]) -> Result<(), Error> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let each = || deliveries.iter();
    sqlx::query(
        "INSERT INTO deliveries (account_id, id, connector_key, connection_id, chat_id, conversation_id, message_id, seq,
                external_chat_id, thread, text, author_name, rich, template, create_time, not_before)
         SELECT n.*, n.create_time
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::bigint[],
                $9::text[], $10::text[], $11::text[], $12::text[], $13::boolean[], $14::jsonb[], $15::timestamptz[])
             AS n (account_id, id, connector_key, connection_id, chat_id, conversation_id, message_id, seq,
                external_chat_id, thread, text, author_name, rich, template, create_time)",
    )
    .bind(each().map(|d| d.account.uuid()).collect::<Vec<_>>())
    .bind(each().map(|d| d.id.uuid()).collect::<Vec<_>>())
    .bind(each().map(|d| &d.connector_key[..]).collect::<Vec<_>>())
    .bind(each().map(|d| d.connection.uuid()).collect::<Vec<_>>())
    .bind(each().map(|d| d.chat.uuid()).collect::<Vec<_>>())
    .bind(each().map(|d| d.conversation.uuid()).collect::<Vec<_>>())
    .bind(each().map(|d| d.message.uuid()).collect::<Vec<_>>())
    .bind(each().map(|d| d.seq).collect::<Vec<_>>())
    .bind(each().map(|d| &d.external_chat_id[..]).collect::<Vec<_>>())
    .bind(each().map(|d| &d.thread[..]).collect::<Vec<_>>())
    .bind(each().map(|d| &d.text[..]).collect::<Vec<_>>())
    .bind(each().map(|d| &d.author_name[..]).collect::<Vec<_>>())
    .bind(each().map(|d| d.rich).collect::<Vec<_>>())
    .bind(each().map(|d| d.template.as_ref().map(Json)).collect::<Vec<_>>())
    .bind(each().map(|d| d.create_time).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
