//! One transaction of a lane: read what is known, decide, write sets.
//!
//! Order of locks: chats (by account, connection, id of the channel), the accounts' numbers (by account), outbox shards.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use pg::{Db, Error, SystemScope, Tx};
use time::OffsetDateTime;
use types::ConnectionId;

use super::dedupe::{self, Key};
use super::plan::{Chat, Plan};
use super::{Item, ItemKind, Outcome, Stored, reads};
use crate::changes::{self, Touched};
use crate::domain::routing::thread;
use crate::store::chats::{self, Arriving};
use crate::store::conversations::{self, Wanted};
use crate::store::{accounts, messages};

/// What a batch did.
pub struct Batch {
    /// In the order of the items.
    pub outcomes: Vec<Outcome>,
    /// Chats in which something changed.
    pub touched: HashSet<Touched>,
}

type ChatKey = (ConnectionId, String);

/// Stores the items in one transaction.
pub async fn store(db: &Db, items: Arc<Vec<Item>>, now: OffsetDateTime) -> Result<Batch, Error> {
    db.tx(SystemScope::for_job("ingest"), move |tx| {
        Box::pin(async move { run(tx, &items, now).await })
    })
    .await
}

async fn run(tx: &mut Tx, items: &[Item], now: OffsetDateTime) -> Result<Batch, Error> {
    let known = dedupe::known(tx, items).await?;
    let chats = lock_chats(tx, items, &known).await?;
    let mut plan = Plan::new(now, chats.clone(), known);
    find_conversations(tx, items, &chats, &mut plan).await?;
    for item in items {
        plan.take(item);
    }
    write(tx, &mut plan).await?;
    let touched = plan.changes.iter().map(changes::Change::touched).collect();
    Ok(Batch {
        outcomes: plan.outcomes(),
        touched,
    })
}

/// Locks every chat of the batch and takes places for its new messages. Only a message makes a chat.
async fn lock_chats(
    tx: &mut Tx,
    items: &[Item],
    known: &HashMap<Key, Stored>,
) -> Result<HashMap<ChatKey, Chat>, Error> {
    let mut seen = HashSet::new();
    let mut arriving: BTreeMap<(types::AccountId, ConnectionId, &str), (&str, i64)> =
        BTreeMap::new();
    for item in items {
        if let ItemKind::Message { sender_name, .. } = &item.kind {
            let key = dedupe::key(item);
            if !known.contains_key(&key) && seen.insert(key) {
                let chat = arriving
                    .entry((item.connection.account, item.connection.id, &item.chat))
                    .or_default();
                chat.0 = if sender_name.is_empty() {
                    chat.0
                } else {
                    sender_name
                };
                chat.1 += 1;
            }
        }
    }
    let rows: Vec<Arriving<'_>> = arriving
        .iter()
        .map(
            |((account, connection, external_id), (client_name, messages))| Arriving {
                account: *account,
                connection: *connection,
                external_id,
                client_name,
                messages: *messages,
            },
        )
        .collect();
    let mut chats = HashMap::new();
    if !rows.is_empty() {
        for chat in chats::arrive(tx, &rows).await? {
            let count = rows
                .iter()
                .find(|row| {
                    row.connection == chat.connection && row.external_id == chat.external_id
                })
                .map_or(0, |row| row.messages);
            let found = Chat {
                id: chat.id,
                client_name: chat.client_name,
                next_seq: chat.last_seq - count + 1,
            };
            chats.insert((chat.connection, chat.external_id), found);
        }
    }
    let quiet = items
        .iter()
        .filter(|item| !matches!(item.kind, ItemKind::Message { .. }));
    let quiet: BTreeSet<_> = quiet
        .map(|item| (item.connection.account, item.connection.id, &item.chat[..]))
        .collect();
    for (account, connection, external_id) in quiet {
        let key = (connection, external_id.to_owned());
        if !chats.contains_key(&key)
            && let Some(chat) = chats::lock_external(tx, account, connection, external_id).await?
        {
            chats.insert(
                key,
                Chat {
                    id: chat,
                    client_name: String::new(),
                    next_seq: 0,
                },
            );
        }
    }
    Ok(chats)
}

/// Finds the conversations that the items could go to.
async fn find_conversations(
    tx: &mut Tx,
    items: &[Item],
    chats: &HashMap<ChatKey, Chat>,
    plan: &mut Plan,
) -> Result<(), Error> {
    let mut asked = HashSet::new();
    let mut wanted = Vec::new();
    for item in items {
        let Some(chat) = chats.get(&(item.connection.id, item.chat.clone())) else {
            continue;
        };
        let thread = thread(item.connection.mode, &item.thread);
        if asked.insert((chat.id, thread)) {
            wanted.push(Wanted {
                account: item.connection.account,
                chat: chat.id,
                mode: item.connection.mode,
                thread,
            });
        }
    }
    let found = conversations::current_of_chat(tx, &wanted).await?;
    for (wanted, conversation) in wanted.iter().zip(found) {
        if let Some(conversation) = conversation {
            plan.found(wanted.chat, wanted.thread, conversation);
        }
    }
    Ok(())
}

async fn write(tx: &mut Tx, plan: &mut Plan) -> Result<(), Error> {
    let first = accounts::take_numbers(tx, &plan.numbers_wanted()).await?;
    plan.number(&first);
    let (new, changed) = plan.rows();
    // First what closes, then what opens: a thread has one open conversation.
    conversations::update(tx, &changed).await?;
    conversations::insert(tx, &new).await?;
    messages::insert(tx, &plan.messages).await?;
    let by_id: HashMap<_, _> = new
        .iter()
        .chain(&changed)
        .map(|conversation| (conversation.id, conversation))
        .collect();
    dedupe::remember(tx, &plan.messages, |message| {
        by_id.get(&message.conversation).copied().cloned()
    })
    .await?;
    let read = reads::mark(tx, &plan.reads, &plan.works).await?;
    plan.changes.extend(read);
    changes::append(tx, &plan.changes).await
}
