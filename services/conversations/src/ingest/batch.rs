//! One batch of a lane: recall or read what is known, decide, write.

use std::collections::HashSet;
use std::sync::Arc;

use pg::{Error, Session};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::memory::Memory;
use super::plan::Plan;
use super::write::Places;
use super::{Item, Outcome, known, reads, write};
use crate::changes::{Change, Touched};

/// What a batch did.
pub struct Batch {
    /// In the order of the items.
    pub outcomes: Vec<Outcome>,
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
        let Some(written) = write::write(connection, &plan, &marked).await? else {
            return Ok(None);
        };
        places = written;
    }
    let touched = plan.changes.iter().map(Change::touched).collect();
    let (known, outcomes) = plan.written(&places);
    memory.keep(known);
    Ok(Some(Batch { outcomes, touched }))
}
