//! What is known before a batch: one statement, for what the lane does not remember. Nothing is locked: what the batch writes
//! holds only if nothing of this has changed meanwhile ([`super::write`]).

use std::collections::{HashMap, HashSet};

use pg::Error;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use time::OffsetDateTime;
use types::{AccountId, ChatId, ConnectionId};
use uuid::Uuid;

use super::{Item, Stored};
use crate::domain::connection::Mode;
use crate::domain::conversation::Conversation;
use crate::domain::routing::thread;
use crate::store::conversations::{columns, from_row};

/// The key of an event.
pub type Key = (ConnectionId, String);

/// The key of a chat.
pub type ChatKey = (ConnectionId, String);

/// The key of an item's event.
pub fn key(item: &Item) -> Key {
    (item.connection.id, item.event_id.clone())
}

/// The key of an item's chat.
pub fn chat_key(item: &Item) -> ChatKey {
    (item.connection.id, item.chat.clone())
}

/// A chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// Its id.
    pub id: ChatId,
    /// The client's name.
    pub client_name: String,
    /// Place of the newest message.
    pub last_seq: i64,
    /// Several people write in it.
    pub group: bool,
    /// When the client last wrote.
    pub client_time: Option<OffsetDateTime>,
}

impl Chat {
    /// A chat that is not stored yet.
    pub fn new(group: bool) -> Self {
        Self {
            id: ChatId::generate(),
            client_name: String::new(),
            last_seq: 0,
            group,
            client_time: None,
        }
    }
}

/// A row as it was read: it is written only if nobody has changed it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsRead {
    /// What every change of the row changes: a conversation's version, a chat's newest place.
    pub version: i64,
    /// Where the row stands in its table (`ctid`).
    pub place: String,
}

/// What is known of everything that a batch names.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// What events became.
    pub events: HashMap<Key, Stored>,
    /// Chats.
    pub chats: HashMap<ChatKey, (Chat, AsRead)>,
    /// The conversation that a message of a chat and thread could go to: the open one, else the newest closed one.
    pub conversations: HashMap<(ChatId, String), (Conversation, AsRead)>,
    /// Chats whose clients are on the black list.
    pub blocked: HashSet<ChatKey>,
    /// The newest number of each account that has one.
    pub numbers: HashMap<AccountId, i64>,
}

/// Adds what is stored of the items. It counts for more than what was remembered.
pub async fn read(
    known: &mut Known,
    connection: &mut PgConnection,
    items: &[&Item],
) -> Result<(), Error> {
    if items.is_empty() {
        return Ok(());
    }
    let each = || items.iter();
    let rows = sqlx::query(concat!(
        "SELECT e.conversation_id AS known_conversation, e.number AS known_number, e.message_id AS known_message,
                e.seq AS known_seq, e.create_time AS known_time,
                h.id AS chat, h.client_name, h.last_seq AS chat_seq, h.ctid::text AS chat_place, a.last_number,
                h.is_group AS chat_group, h.client_time, b.account_id IS NOT NULL AS is_blocked,
                c.place, ",
        columns!(),
        " FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[]) WITH ORDINALITY
               AS w (account_id, connection_id, event_id, external_id, threaded, thread, connector_key, ord)
          LEFT JOIN inbound_events e
            ON e.account_id = w.account_id AND e.connection_id = w.connection_id AND e.external_event_id = w.event_id
          LEFT JOIN chats h
            ON h.account_id = w.account_id AND h.connection_id = w.connection_id AND h.external_id = w.external_id
          LEFT JOIN black_list b
            ON b.account_id = w.account_id AND b.connector_key = w.connector_key AND b.external_id = w.external_id
          LEFT JOIN account_numbers a ON a.account_id = w.account_id
          LEFT JOIN LATERAL (
               SELECT r.ctid::text AS place, r.* FROM conversations r
                WHERE r.account_id = h.account_id AND r.chat_id = h.id AND (NOT w.threaded OR r.thread = w.thread)
                ORDER BY r.life, r.number DESC LIMIT 1) c ON true
         ORDER BY w.ord"
    ))
    .bind(each().map(|item| item.connection.account.uuid()).collect::<Vec<_>>())
    .bind(each().map(|item| item.connection.id.uuid()).collect::<Vec<_>>())
    .bind(each().map(|item| &item.event_id[..]).collect::<Vec<_>>())
    .bind(each().map(|item| &item.chat[..]).collect::<Vec<_>>())
    .bind(each().map(|item| item.connection.mode == Mode::Multiple).collect::<Vec<_>>())
    .bind(each().map(|item| thread(item.connection.mode, &item.thread)).collect::<Vec<_>>())
    .bind(each().map(|item| &item.connection.connector_key[..]).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    for (item, row) in items.iter().zip(&rows) {
        known.take(item, row)?;
    }
    Ok(())
}

impl Known {
    fn take(&mut self, item: &Item, row: &PgRow) -> Result<(), Error> {
        if let Some(number) = row.try_get("last_number")? {
            self.numbers.insert(item.connection.account, number);
        }
        if let Some(conversation) = row.try_get::<Option<Uuid>, _>("known_conversation")? {
            let stored = Stored {
                conversation: conversation.into(),
                number: row.try_get("known_number")?,
                message: Some(row.try_get::<Uuid, _>("known_message")?.into()),
                seq: row.try_get("known_seq")?,
                create_time: row.try_get("known_time")?,
            };
            self.events.insert(key(item), stored);
        }
        if row.try_get("is_blocked")? {
            self.blocked.insert((item.connection.id, item.chat.clone()));
        }
        let Some(chat) = row.try_get::<Option<Uuid>, _>("chat")? else {
            return Ok(());
        };
        let chat = Chat {
            id: chat.into(),
            client_name: row.try_get("client_name")?,
            last_seq: row.try_get("chat_seq")?,
            group: row.try_get("chat_group")?,
            client_time: row.try_get("client_time")?,
        };
        if let Some(place) = row.try_get("place")? {
            let thread = thread(item.connection.mode, &item.thread).to_owned();
            let conversation = from_row(row)?;
            let version = conversation.version;
            self.conversations
                .insert((chat.id, thread), (conversation, AsRead { version, place }));
        }
        let as_read = AsRead {
            version: chat.last_seq,
            place: row.try_get("chat_place")?,
        };
        self.chats.insert(chat_key(item), (chat, as_read));
        Ok(())
    }
}
