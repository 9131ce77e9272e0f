//! One batch of a lane: read what is known, decide, write.

use std::collections::HashSet;
use std::sync::Arc;

use pg::{Error, Session};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::plan::Plan;
use super::{Item, Outcome, known, reads, write};
use crate::changes::{Change, Touched};

/// What a batch did.
pub struct Batch {
    /// In the order of the items.
    pub outcomes: Vec<Outcome>,
    /// Chats in which something changed.
    pub touched: HashSet<Touched>,
}

/// Stores the items together, in two round trips. Repeated after it took effect it finds every event stored.
pub async fn store(
    session: &Session,
    items: Arc<Vec<Item>>,
    now: OffsetDateTime,
) -> Result<Batch, Error> {
    session
        .run(move |connection| {
            let items = Arc::clone(&items);
            Box::pin(async move { run(connection, &items, now).await })
        })
        .await
}

async fn run(
    connection: &mut PgConnection,
    items: &[Item],
    now: OffsetDateTime,
) -> Result<Batch, Error> {
    let known = known::read(connection, items).await?;
    let mut plan = Plan::new(now, known);
    for item in items {
        plan.take(item);
    }
    if !plan.is_empty() {
        let marked = reads::mark(connection, &mut plan).await?;
        write::write(connection, &plan, &marked).await?;
    }
    Ok(Batch {
        touched: plan.changes.iter().map(Change::touched).collect(),
        outcomes: plan.into_outcomes(),
    })
}
