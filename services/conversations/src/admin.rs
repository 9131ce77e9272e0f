//! What an operator does, beside the running service.

use std::sync::Arc;

use pg::{Db, SystemScope};
use types::{AccountId, ConnectionId};
use uuid::Uuid;

use crate::store::connections;
use crate::store::search::chats;
use crate::store::search::rebuild::{self, Key, Rebuild};

/// Messages that are read together, and entries that are swept together.
const PAGE: i64 = 5_000;

/// Messages that are indexed together: the feed of the account waits as long.
const STEP: usize = 500;

/// Why a search index was not rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The database failed.
    #[error("the search index is not rebuilt: run it again")]
    Store(#[from] pg::Error),
    /// Somebody else rebuilds the same account.
    #[error("another rebuild of {0} has begun meanwhile and goes on")]
    Superseded(AccountId),
    /// More messages came than places were left for.
    #[error("{0} took in more messages than a rebuild leaves room for: run it again")]
    Overtaken(AccountId),
}

/// Says whether a connection is part of its account's subscription (CHW-37); false when there is no such connection.
///
/// # Errors
/// When the database fails.
pub async fn set_in_subscription(
    db: &Db,
    connection: ConnectionId,
    is_in: bool,
) -> Result<bool, pg::Error> {
    let job = SystemScope::for_job("set what the subscription includes");
    db.tx(job, move |tx| {
        Box::pin(async move { connections::set_in_subscription(tx, connection, is_in).await })
    })
    .await
}

/// Accounts whose messages can be searched, page after page in the order of their ids, after one.
///
/// # Errors
/// When the database fails.
pub async fn accounts(db: &Db, after: Option<AccountId>) -> Result<Vec<AccountId>, pg::Error> {
    let job = SystemScope::for_job("list accounts");
    db.tx(job, move |tx| {
        Box::pin(async move { rebuild::accounts(tx, after).await })
    })
    .await
}

/// Makes the search index of an account anew from its chats and messages, while the service runs, and says how many messages there
/// are. `progress` hears how many of how many are indexed. Until the end, and when it was killed, searches say that the index is being rebuilt.
///
/// # Errors
/// When the database fails, or another rebuild of the account begins.
pub async fn rebuild_search(
    db: &Db,
    account: AccountId,
    progress: impl Fn(usize, usize),
) -> Result<usize, RebuildError> {
    feed_chats(db, account).await?;
    let job = || SystemScope::for_job("rebuild search");
    let begun = db.tx(job(), move |tx| {
        Box::pin(async move { rebuild::begin(tx, account).await })
    });
    let rebuild: Rebuild = begun.await?;
    let keys = Arc::new(newest_first(db, account).await?);
    if i64::try_from(keys.len()).is_ok_and(|count| count > rebuild.top) {
        return Err(RebuildError::Overtaken(account));
    }
    let mut place = rebuild.top;
    for begin in (0..keys.len()).step_by(STEP) {
        progress(begin, keys.len());
        let end = keys.len().min(begin + STEP);
        let step = Arc::clone(&keys);
        let written = db.tx(job(), move |tx| {
            Box::pin(async move { rebuild::write(tx, rebuild, &step[begin..end], place).await })
        });
        if !written.await? {
            return Err(RebuildError::Superseded(account));
        }
        place -= STEP as i64;
    }
    sweep(db, rebuild).await?;
    let finished = db.tx(job(), move |tx| {
        Box::pin(async move { rebuild::finish(tx, rebuild).await })
    });
    if !finished.await? {
        return Err(RebuildError::Superseded(account));
    }
    Ok(keys.len())
}

/// Names of clients need no rebuild: each is compared with its entry.
async fn feed_chats(db: &Db, account: AccountId) -> Result<(), pg::Error> {
    let mut after = None;
    loop {
        let fed = db.tx(SystemScope::for_job("rebuild search"), move |tx| {
            Box::pin(async move {
                let page = chats::page(tx, account, after, STEP as i64).await?;
                chats::feed(tx, account, &page).await?;
                Ok::<_, pg::Error>(page.last().copied())
            })
        });
        after = fed.await?;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// All messages of an account, about 56 bytes each: no index has them in the order of time.
async fn newest_first(db: &Db, account: AccountId) -> Result<Vec<Key>, pg::Error> {
    let mut keys: Vec<Key> = Vec::new();
    loop {
        let after = keys.last().copied();
        let page: Vec<Key> = db
            .tx(SystemScope::for_job("rebuild search"), move |tx| {
                Box::pin(async move { rebuild::keys(tx, account, after.as_ref(), PAGE).await })
            })
            .await?;
        let more = page.len() as i64 == PAGE;
        keys.extend(page);
        if !more {
            keys.sort_unstable_by_key(|key| std::cmp::Reverse((key.stored, key.at.message)));
            return Ok(keys);
        }
    }
}

/// Deletes what the index held before: entries of messages that are gone.
async fn sweep(db: &Db, rebuild: Rebuild) -> Result<(), pg::Error> {
    let mut after = Some(Uuid::nil());
    while let Some(at) = after {
        after = db
            .tx(SystemScope::for_job("rebuild search"), move |tx| {
                Box::pin(async move { rebuild::sweep(tx, rebuild, at, PAGE).await })
            })
            .await?;
    }
    Ok(())
}
