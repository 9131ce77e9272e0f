//! Deletes what is old, now and then.

use std::sync::Arc;
use std::time::Duration;

use kit::lifecycle::Lifecycle;
use pg::{Error, SystemScope};
use time::Duration as Span;

use crate::core::Core;
use crate::store::{portals, requests, runs};

/// How long runs are kept.
const RUNS: Span = Span::days(90);
/// How long requests are kept after the client last wrote.
const REQUESTS: Span = Span::days(30);
/// How many rows go at once.
const BATCH: i64 = 1_000;

/// Starts it.
pub fn spawn(core: &Arc<Core>, life: &Lifecycle) {
    const EVERY: Duration = Duration::from_secs(600);
    let (core, stopping) = (Arc::clone(core), life.stopping());
    life.spawn("prune what is old", async move {
        loop {
            while prune(&core).await.is_ok_and(|deleted| deleted > 0) {}
            let keys = async || pg::idempotency::prune(&core.db, core.clock.now()).await;
            while keys().await.is_ok_and(|deleted| deleted > 0) {}
            tokio::select! { () = core.clock.sleep(EVERY) => {}, () = stopping.cancelled() => return }
        }
    });
}

async fn prune(core: &Core) -> Result<u64, Error> {
    let now = core.clock.now();
    core.db
        .tx(SystemScope::for_job("prune what is old"), move |tx| {
            Box::pin(async move {
                let runs = runs::prune(tx, now - RUNS, BATCH).await?;
                let logins = portals::prune_logins(tx, now, BATCH).await?;
                Ok(runs + logins + requests::prune(tx, now - REQUESTS, BATCH).await?)
            })
        })
        .await
}
