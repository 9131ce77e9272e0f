//! Which events were stored before.

use std::collections::HashMap;

use pg::{Error, Tx};
use sqlx::Row;
use types::{AccountId, ConnectionId};
use uuid::Uuid;

use super::{Item, ItemKind, Stored};
use crate::domain::conversation::Conversation;
use crate::domain::message::Message;

/// The key of an event.
pub type Key = (ConnectionId, String);

/// The key of an item.
pub fn key(item: &Item) -> Key {
    (item.connection.id, item.event_id.clone())
}

/// What the messages among `items` became, those that are known.
pub async fn known(tx: &mut Tx, items: &[Item]) -> Result<HashMap<Key, Stored>, Error> {
    let messages = || {
        items
            .iter()
            .filter(|item| matches!(item.kind, ItemKind::Message { .. }))
    };
    let rows = sqlx::query(
        "SELECT e.connection_id, e.external_event_id, e.conversation_id, e.number, e.message_id, e.seq, e.create_time
           FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS w (account_id, connection_id, external_event_id)
           JOIN inbound_events e USING (account_id, connection_id, external_event_id)",
    )
    .bind(messages().map(|item| item.connection.account.uuid()).collect::<Vec<_>>())
    .bind(messages().map(|item| item.connection.id.uuid()).collect::<Vec<_>>())
    .bind(messages().map(|item| &item.event_id[..]).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| {
            let key = (
                row.try_get::<Uuid, _>("connection_id")?.into(),
                row.try_get("external_event_id")?,
            );
            let stored = Stored {
                conversation: row.try_get::<Uuid, _>("conversation_id")?.into(),
                number: row.try_get("number")?,
                message: Some(row.try_get::<Uuid, _>("message_id")?.into()),
                seq: row.try_get("seq")?,
                create_time: row.try_get("create_time")?,
            };
            Ok((key, stored))
        })
        .collect()
}

/// Remembers what events became. The unique key is what makes a message visible once.
pub async fn remember(
    tx: &mut Tx,
    messages: &[(AccountId, Message)],
    conversation: impl Fn(&Message) -> Option<Conversation>,
) -> Result<(), Error> {
    let found: Vec<(&(AccountId, Message), Conversation)> = messages
        .iter()
        .filter_map(|message| conversation(&message.1).map(|conversation| (message, conversation)))
        .collect();
    if found.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO inbound_events (account_id, connection_id, external_event_id, conversation_id, number, message_id, seq, create_time)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::uuid[], $7::bigint[], $8::timestamptz[])",
    )
    .bind(found.iter().map(|((account, _), _)| account.uuid()).collect::<Vec<_>>())
    .bind(found.iter().map(|(_, conversation)| conversation.connection.uuid()).collect::<Vec<_>>())
    .bind(found.iter().map(|((_, message), _)| &message.external_event_id[..]).collect::<Vec<_>>())
    .bind(found.iter().map(|(_, conversation)| conversation.id.uuid()).collect::<Vec<_>>())
    .bind(found.iter().map(|(_, conversation)| conversation.number).collect::<Vec<_>>())
    .bind(found.iter().map(|((_, message), _)| message.id.uuid()).collect::<Vec<_>>())
    .bind(found.iter().map(|((_, message), _)| message.seq).collect::<Vec<_>>())
    .bind(found.iter().map(|((_, message), _)| message.create_time).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
