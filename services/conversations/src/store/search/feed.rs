//! What goes into the index. It is made of the messages as they are now, whatever brought the news of them: news that come twice, late or
//! in another order leave the same index.

use std::collections::{BTreeSet, HashMap};

use pg::{Error, Tx};
use sqlx::Row;
use types::{AccountId, ConversationId, MessageId};
use uuid::Uuid;

use super::block;
use crate::domain::search::{fold, vector};

/// Messages that are worked on at a stretch.
const TURN: usize = 16;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct At {
    /// Account.
    pub account: AccountId,
    /// Conversation.
    pub conversation: ConversationId,
    /// Place in the chat.
    pub seq: i64,
    /// The message.
    pub message: MessageId,
}

/// The index of an account, locked by this transaction.
#[derive(Debug)]
pub struct State {
    epoch: i32,
    last_place: i64,
}

/// What is known of a message and of its entry.
pub(super) struct Known {
    /// `None`: it is gone.
    pub(super) text: Option<String>,
    /// Its entry.
    pub(super) indexed: Option<Indexed>,
}

/// An entry as it stands.
pub(super) struct Indexed {
    place: i64,
    /// The rebuild that wrote it.
    pub(super) epoch: i32,
    folded: String,
}

/// An entry to write.
pub(super) struct Entry {
    pub(super) at: At,
    pub(super) place: i64,
    pub(super) epoch: i32,
    pub(super) folded: String,
    pub(super) words: String,
}

/// Indexes messages as they are now: new ones after all others, changed ones anew, those that are gone no longer.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.search.feed", skip_all, fields(count = messages.len()), err)]
pub async fn feed(tx: &mut Tx, messages: &[At]) -> Result<(), Error> {
    let mut states = lock(tx, messages.iter().map(|at| at.account)).await?;
    let mut known = known(tx, messages).await?;
    let (mut entries, mut gone) = (Vec::new(), Vec::new());
    for (turn, at) in messages.iter().enumerate() {
        // Stems take a while: others of this thread are served in between.
        if turn % TURN == TURN - 1 {
            tokio::task::yield_now().await;
        }
        // Of a message that is named twice the second mention finds nothing left to do.
        let (Some(known), Some(state)) = (known.remove(&at.message), states.get_mut(&at.account))
        else {
            continue;
        };
        let indexed = known.indexed.filter(|it| it.epoch == state.epoch);
        let Some(text) = known.text.filter(|text| !text.trim().is_empty()) else {
            gone.extend(indexed.map(|_| *at));
            continue;
        };
        let folded = fold(&text).text;
        let place = match indexed {
            Some(indexed) if indexed.folded == folded => continue,
            Some(indexed) => indexed.place,
            None => {
                state.last_place += 1;
                state.last_place
            }
        };
        entries.push(Entry {
            at: *at,
            place,
            epoch: state.epoch,
            folded,
            words: vector(&text),
        });
    }
    write(tx, &entries).await?;
    delete(tx, &gone).await?;
    advance(tx, &states).await
}

/// Locks the index of each account, in their order: whoever feeds several locks them all at once.
///
/// # Errors
/// When the database fails.
pub async fn lock(
    tx: &mut Tx,
    accounts: impl Iterator<Item = AccountId>,
) -> Result<HashMap<AccountId, State>, Error> {
    let accounts: BTreeSet<Uuid> = accounts.map(AccountId::uuid).collect();
    let rows = sqlx::query(
        "INSERT INTO search_states AS s (account_id, epoch, last_place, rebuilding)
         SELECT a, 0, 0, false FROM unnest($1::uuid[]) AS a
         ON CONFLICT (account_id) DO UPDATE SET last_place = s.last_place
         RETURNING account_id, epoch, last_place",
    )
    .bind(accounts.into_iter().collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| {
            let state = State {
                epoch: row.try_get("epoch")?,
                last_place: row.try_get("last_place")?,
            };
            Ok((row.try_get::<Uuid, _>("account_id")?.into(), state))
        })
        .collect()
}

/// What is known of messages and of their entries.
pub(super) async fn known(
    tx: &mut Tx,
    messages: &[At],
) -> Result<HashMap<MessageId, Known>, Error> {
    let rows = sqlx::query(
        "SELECT w.id, m.text, s.place, s.epoch, s.folded
           FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[]) AS w (account_id, conversation_id, seq, id)
           LEFT JOIN messages m ON m.account_id = w.account_id AND m.conversation_id = w.conversation_id AND m.seq = w.seq
                AND m.id IS NOT DISTINCT FROM w.id
           LEFT JOIN search_messages s ON s.account_id = w.account_id AND s.message_id = w.id",
    )
    .bind(messages.iter().map(|at| at.account.uuid()).collect::<Vec<_>>())
    .bind(messages.iter().map(|at| at.conversation.uuid()).collect::<Vec<_>>())
    .bind(messages.iter().map(|at| at.seq).collect::<Vec<_>>())
    .bind(messages.iter().map(|at| at.message.uuid()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| {
            let indexed = match row.try_get("place")? {
                Some(place) => Some(Indexed {
                    place,
                    epoch: row.try_get("epoch")?,
                    folded: row.try_get("folded")?,
                }),
                None => None,
            };
            let text = row.try_get("text")?;
            Ok((
                row.try_get::<Uuid, _>("id")?.into(),
                Known { text, indexed },
            ))
        })
        .collect()
}

/// Writes entries, over those that are there, and settles them in the index of texts.
pub(super) async fn write(tx: &mut Tx, entries: &[Entry]) -> Result<(), Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let id = |entry: &Entry| block(entry.at.account, entry.epoch, entry.place);
    sqlx::query(
        "INSERT INTO search_messages AS s (account_id, message_id, conversation_id, seq, place, block, epoch, folded, words)
         SELECT n.account_id, n.message_id, n.conversation_id, n.seq, n.place, n.block, n.epoch, n.folded, n.words::tsvector
           FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::integer[], $8::text[], $9::text[])
                AS n (account_id, message_id, conversation_id, seq, place, block, epoch, folded, words)
         ON CONFLICT (account_id, message_id) DO UPDATE
            SET conversation_id = excluded.conversation_id, seq = excluded.seq, place = excluded.place, block = excluded.block,
                epoch = excluded.epoch, folded = excluded.folded, words = excluded.words",
    )
    .bind(entries.iter().map(|it| it.at.account.uuid()).collect::<Vec<_>>())
    .bind(entries.iter().map(|it| it.at.message.uuid()).collect::<Vec<_>>())
    .bind(entries.iter().map(|it| it.at.conversation.uuid()).collect::<Vec<_>>())
    .bind(entries.iter().map(|it| it.at.seq).collect::<Vec<_>>())
    .bind(entries.iter().map(|it| it.place).collect::<Vec<_>>())
    .bind(entries.iter().map(id).collect::<Vec<_>>())
    .bind(entries.iter().map(|it| it.epoch).collect::<Vec<_>>())
    .bind(entries.iter().map(|it| &it.folded[..]).collect::<Vec<_>>())
    .bind(entries.iter().map(|it| &it.words[..]).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    sqlx::query("SELECT search_settle()")
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn delete(tx: &mut Tx, gone: &[At]) -> Result<(), Error> {
    if gone.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM search_messages s USING unnest($1::uuid[], $2::uuid[]) AS g (account_id, message_id)
          WHERE s.account_id = g.account_id AND s.message_id = g.message_id",
    )
    .bind(gone.iter().map(|at| at.account.uuid()).collect::<Vec<_>>())
    .bind(gone.iter().map(|at| at.message.uuid()).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn advance(tx: &mut Tx, states: &HashMap<AccountId, State>) -> Result<(), Error> {
    sqlx::query(
        "UPDATE search_states s SET last_place = n.last_place
           FROM unnest($1::uuid[], $2::bigint[]) AS n (account_id, last_place)
          WHERE s.account_id = n.account_id AND s.last_place < n.last_place",
    )
    .bind(states.keys().map(|it| it.uuid()).collect::<Vec<_>>())
    .bind(states.values().map(|it| it.last_place).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
