//! One batch of a lane: recall or read what is known, decide, write.

use std::collections::HashSet;
use std::sync::Arc;

use pg::{Error, Session};
use sqlx::{Connection, PgConnection};
use time::OffsetDateTime;

use super::memory::Memory;
use super::plan::Plan;
use super::reads::Marked;
use super::write::Places;
use super::{Item, Outcome, blocked, known, reads, rich, write};
use crate::changes::{Change, Touched};

/// What a batch did.
pub struct Batch {
    /// In the order of the items.
    pub outcomes: Vec<Outcome>,
    /// Have messages files or baskets?
    pub is_rich: bool,
    /// Chats in which something changed.
    pub touched: HashSet<Touched>,
}

/// Stores the items together, in one round trip or two. Repeated after it took effect it finds every event stored.
/// `None`: something was not as it was remembered or read, and nothing is written.
pub async fn store(
    session: &Session,
    memory: &Arc<Memory>,
    items: Arc<Vec<Item>>,
    now: OffsetDateTime,
) -> Result<Option<Batch>, Error> {
    let memory = Arc::clone(memory);
    session
        .run(move |connection| {
            let (memory, items) = (Arc::clone(&memory), Arc::clone(&items));
            Box::pin(async move { run(connection, &memory, &items, now).await })
        })
        .await
}

async fn run(
    connection: &mut PgConnection,
    memory: &Memory,
    items: &[Item],
    now: OffsetDateTime,
) -> Result<Option<Batch>, Error> {
    let (mut known, missing) = memory.take(items);
    known::read(&mut known, connection, &missing).await?;
    let mut plan = Plan::new(now, known);
    for item in items {
        plan.take(item);
    }
    let mut places = Places::default();
    if !plan.is_empty() {
        let marked = reads::mark(connection, &mut plan).await?;
        match write_all(connection, &plan, &marked, items).await? {
            Some(written) => places = written,
            None => return Ok(None),
        }
    }
    blocked::count(connection, &plan, now).await?;
    let touched = plan.changes.iter().map(Change::touched).collect();
    let is_rich = plan.is_rich();
    let (known, outcomes) = plan.written(&places);
    memory.keep(known);
    Ok(Some(Batch {
        outcomes,
        touched,
        is_rich,
    }))
}

/// One statement; with files and baskets a transaction, because none of them may belong to a message that is not written.
/// Nobody drops it in the middle: a session's work runs to its end.
async fn write_all(
    connection: &mut PgConnection,
    plan: &Plan,
    marked: &[Marked],
    items: &[Item],
) -> Result<Option<Places>, Error> {
    if !plan.is_rich() {
        return write::write(connection, plan, marked).await;
    }
    let mut tx = connection.begin().await?;
    rich::write(&mut tx, plan, items).await?;
    let written = write::write(&mut tx, plan, marked).await?;
    if written.is_some() {
        tx.commit().await?;
    } else {
        tx.rollback().await?;
    }
    Ok(written)
}
