//! Names of clients in the search index: as for messages, the index says where to look, and the guarded tables say what is there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use auth::AccountScope;
use pg::{Error, Tx};
use sqlx::Row;
use sqlx::postgres::PgRow;
use types::{AccountId, ChatId};
use uuid::Uuid;

use super::{BLOCK, block};
use crate::domain::search::fold;

/// Chats have no rebuilds: they are few, and are compared one by one.
const EPOCH: i32 = 0;

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// Chats with their places in the index, those indexed last first.
    pub chats: Vec<(ChatId, i64)>,
    /// Everything from this place on has been looked at; 0 at the end.
    pub until: i64,
}

/// The names of a chat's client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// As the channel knows it.
    pub client: String,
    /// Of the contact; empty where there is none.
    pub contact: String,
    /// Public name in the channel; empty where there is none.
    pub username: String,
}

impl Names {
    /// As they stand in the index.
    fn folded(&self) -> String {
        fold(&format!(
            "{}\n{}\n{}",
            self.client, self.username, self.contact
        ))
        .text
    }
}

/// Of chats those whose clients are called otherwise than the index says. It locks nothing, since hardly a message brings a new name.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.search.stale_chats", skip_all, fields(count = chats.len()), err)]
pub async fn stale(
    tx: &mut Tx,
    chats: &BTreeSet<(AccountId, ChatId)>,
) -> Result<BTreeMap<AccountId, Vec<ChatId>>, Error> {
    let rows = sqlx::query(
        "SELECT w.account_id, w.id, h.client_name, coalesce(k.name, '') AS contact_name, coalesce(p.username, '') AS username,
                s.folded
           FROM unnest($1::uuid[], $2::uuid[]) AS w (account_id, id)
           JOIN chats h ON h.account_id = w.account_id AND h.id = w.id
           LEFT JOIN cards k ON k.account_id = h.account_id AND k.id = h.contact_id AND NOT k.deleted
           LEFT JOIN chat_profiles p ON p.account_id = h.account_id AND p.chat_id = h.id
           LEFT JOIN search_chats s ON s.account_id = h.account_id AND s.chat_id = h.id",
    )
    .bind(chats.iter().map(|(account, _)| account.uuid()).collect::<Vec<_>>())
    .bind(chats.iter().map(|(_, chat)| chat.uuid()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    let mut stale: BTreeMap<AccountId, Vec<ChatId>> = BTreeMap::new();
    for row in &rows {
        let indexed: Option<String> = row.try_get("folded")?;
        if indexed != Some(names_of(row)?.folded()) {
            let account: Uuid = row.try_get("account_id")?;
            let chat: Uuid = row.try_get("id")?;
            stale.entry(account.into()).or_default().push(chat.into());
        }
    }
    Ok(stale)
}

fn names_of(row: &PgRow) -> Result<Names, Error> {
    Ok(Names {
        client: row.try_get("client_name")?,
        contact: row.try_get("contact_name")?,
        username: row.try_get("username")?,
    })
}

/// Indexes the names of chats as they are now, and locks the account's index for it.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.search.feed_chats", skip_all, fields(count = chats.len()), err)]
pub async fn feed(tx: &mut Tx, account: AccountId, chats: &[ChatId]) -> Result<(), Error> {
    if chats.is_empty() {
        return Ok(());
    }
    let mut last: i64 = sqlx::query_scalar(
        "INSERT INTO search_states AS s (account_id, epoch, last_place, rebuilding) VALUES ($1, 0, 0, false)
         ON CONFLICT (account_id) DO UPDATE SET last_chat = s.last_chat RETURNING last_chat",
    )
    .bind(account.uuid())
    .fetch_one(&mut **tx)
    .await?;
    let before = last;
    let known = known(tx, account, chats).await?;
    let mut changed: Vec<(ChatId, i64, String)> = Vec::new();
    for (chat, names) in names(tx, account, chats).await? {
        let folded = names.folded();
        let place = match known.get(&chat) {
            Some((_, indexed)) if *indexed == folded => continue,
            Some((place, _)) => *place,
            None => {
                last += 1;
                last
            }
        };
        changed.push((chat, place, folded));
    }
    if changed.is_empty() {
        return Ok(());
    }
    write(tx, account, &changed).await?;
    if last > before {
        sqlx::query("UPDATE search_states SET last_chat = $2 WHERE account_id = $1")
            .bind(account.uuid())
            .bind(last)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Chats of an account after one, in the order of their ids, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn page(
    tx: &mut Tx,
    account: AccountId,
    after: Option<ChatId>,
    limit: i64,
) -> Result<Vec<ChatId>, Error> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "SELECT id FROM chats WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3",
    )
    .bind(account.uuid())
    .bind(after.map_or(Uuid::nil(), ChatId::uuid))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// The chats of contacts, each with its contact, in the order of both.
///
/// # Errors
/// When the database fails.
pub async fn of_contacts(
    tx: &mut Tx,
    account: AccountId,
    contacts: &[Uuid],
) -> Result<Vec<(Uuid, ChatId)>, Error> {
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "SELECT h.contact_id, h.id FROM unnest($2::uuid[]) AS w (id)
           JOIN chats h ON h.account_id = $1 AND h.contact_id = w.id
          ORDER BY h.contact_id, h.id",
    )
    .bind(account.uuid())
    .bind(contacts)
    .fetch_all(&mut **tx)
    .await?;
    let rows = rows.into_iter();
    Ok(rows.map(|(contact, chat)| (contact, chat.into())).collect())
}

/// What chats' clients are called.
///
/// # Errors
/// When the database fails.
pub async fn names(
    tx: &mut Tx,
    account: AccountId,
    chats: &[ChatId],
) -> Result<Vec<(ChatId, Names)>, Error> {
    let rows = sqlx::query(
        "SELECT h.id, h.client_name, coalesce(k.name, '') AS contact_name, coalesce(p.username, '') AS username
           FROM unnest($2::uuid[]) WITH ORDINALITY AS w (id, n)
           JOIN chats h ON h.account_id = $1 AND h.id = w.id
           LEFT JOIN cards k ON k.account_id = $1 AND k.id = h.contact_id AND NOT k.deleted
           LEFT JOIN chat_profiles p ON p.account_id = $1 AND p.chat_id = h.id
          ORDER BY w.n",
    )
    .bind(account.uuid())
    .bind(ids(chats))
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get::<Uuid, _>("id")?.into(), names_of(row)?)))
        .collect()
}

/// The place after the chat that was indexed last.
///
/// # Errors
/// When the database fails.
pub async fn end(tx: &mut Tx, scope: AccountScope) -> Result<i64, Error> {
    let last: Option<i64> =
        sqlx::query_scalar("SELECT last_chat + 1 FROM search_states WHERE account_id = $1")
            .bind(scope.account().uuid())
            .fetch_optional(&mut **tx)
            .await?;
    Ok(last.unwrap_or_default())
}

/// As for messages: the account stands in a form that no index serves.
const FIND: &str = "SELECT f.chat_id, f.place
   FROM (SELECT block FROM unnest($2::bigint[]) WITH ORDINALITY AS b (block, n) ORDER BY n) b
  CROSS JOIN LATERAL (
        SELECT s.chat_id, s.place FROM search_chats s
         WHERE s.block = b.block AND s.folded LIKE $3 AND s.place < $4 AND s.account_id IS NOT DISTINCT FROM $1
         ORDER BY s.place DESC LIMIT $5) f
  LIMIT $5";

/// Up to `limit` chats whose names match a pattern of LIKE, before a place and through so many blocks. Whether the caller may see them
/// is not decided here.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.search.find_chats", skip_all, fields(account.id = %scope.account()), err)]
pub async fn find(
    tx: &mut Tx,
    scope: AccountScope,
    pattern: &str,
    (before, blocks): (i64, i64),
    limit: i64,
) -> Result<Found, Error> {
    let account = scope.account();
    let last = (before - 1).max(0) / BLOCK;
    let first = (last - blocks + 1).max(0);
    let numbers = (first..=last).rev();
    let blocks = numbers.map(|number| block(account, EPOCH, number * BLOCK));
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(FIND)
        .bind(account.uuid())
        .bind(blocks.collect::<Vec<_>>())
        .bind(pattern)
        .bind(before)
        .bind(limit)
        .fetch_all(&mut **tx)
        .await?;
    let until = match rows.last() {
        Some((_, place)) if rows.len() as i64 == limit => *place,
        _ => first * BLOCK,
    };
    let chats = rows.into_iter().map(|(chat, place)| (chat.into(), place));
    Ok(Found {
        chats: chats.collect(),
        until,
    })
}

/// Of chats those whose indexed names match a pattern of LIKE.
///
/// # Errors
/// When the database fails.
pub async fn matching(
    tx: &mut Tx,
    scope: AccountScope,
    chats: &[ChatId],
    pattern: &str,
) -> Result<HashSet<ChatId>, Error> {
    let found: Vec<Uuid> = sqlx::query_scalar(
        "SELECT chat_id FROM search_chats WHERE account_id = $1 AND chat_id = ANY ($2) AND folded LIKE $3",
    )
    .bind(scope.account().uuid())
    .bind(ids(chats))
    .bind(pattern)
    .fetch_all(&mut **tx)
    .await?;
    Ok(found.into_iter().map(Into::into).collect())
}

async fn known(
    tx: &mut Tx,
    account: AccountId,
    chats: &[ChatId],
) -> Result<HashMap<ChatId, (i64, String)>, Error> {
    let rows: Vec<(Uuid, i64, String)> = sqlx::query_as(
        "SELECT chat_id, place, folded FROM search_chats WHERE account_id = $1 AND chat_id = ANY ($2)",
    )
    .bind(account.uuid())
    .bind(ids(chats))
    .fetch_all(&mut **tx)
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(chat, place, folded)| (chat.into(), (place, folded)))
        .collect())
}

async fn write(
    tx: &mut Tx,
    account: AccountId,
    entries: &[(ChatId, i64, String)],
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO search_chats AS s (account_id, chat_id, place, block, folded)
         SELECT $1, * FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::text[])
         ON CONFLICT (account_id, chat_id) DO UPDATE SET folded = excluded.folded",
    )
    .bind(account.uuid())
    .bind(
        entries
            .iter()
            .map(|(chat, ..)| chat.uuid())
            .collect::<Vec<_>>(),
    )
    .bind(
        entries
            .iter()
            .map(|(_, place, _)| *place)
            .collect::<Vec<_>>(),
    )
    .bind(
        entries
            .iter()
            .map(|(_, place, _)| block(account, EPOCH, *place))
            .collect::<Vec<_>>(),
    )
    .bind(
        entries
            .iter()
            .map(|(.., folded)| &folded[..])
            .collect::<Vec<_>>(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn ids(chats: &[ChatId]) -> Vec<Uuid> {
    chats.iter().map(|chat| chat.uuid()).collect()
}

#[cfg(test)]
mod tests;
