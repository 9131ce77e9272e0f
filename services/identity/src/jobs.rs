//! What runs now and then: deleting what is no longer needed.

use std::time::Duration;

use kit::lifecycle::Lifecycle;
use pg::{Db, SystemScope, idempotency};
use time::OffsetDateTime;
use types::Clock;

use crate::store::{revocations, sessions};

/// How often.
const EVERY: Duration = Duration::from_secs(10 * 60);
/// How long revocations are kept: many times a token's life.
const REVOCATIONS: Duration = Duration::from_secs(60 * 60);
/// How long sessions are kept after their last refresh token has expired.
const SESSIONS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Deletes old revocations, sessions and answers, as long as the service lives. Replicas may do so at once.
pub fn spawn_prune(db: Db, clock: Clock, life: &Lifecycle) {
    let stopping = life.stopping();
    let pruning = async move {
        loop {
            clock.sleep(EVERY).await;
            if let Err(error) = prune(&db, clock.now()).await {
                tracing::warn!(%error, "old rows could not be deleted; the next try is in ten minutes");
            }
        }
    };
    life.spawn("prune", async move {
        tokio::select! { () = pruning => {}, () = stopping.cancelled() => {} }
    });
}

async fn prune(db: &Db, now: OffsetDateTime) -> Result<(), pg::Error> {
    while prune_once(db, now).await? > 0 {}
    while idempotency::prune(db, now).await? > 0 {}
    Ok(())
}

async fn prune_once(db: &Db, now: OffsetDateTime) -> Result<u64, pg::Error> {
    db.tx(SystemScope::for_job("prune"), move |tx| {
        Box::pin(async move {
            let deleted = revocations::prune(tx, now - REVOCATIONS).await?;
            Ok(deleted + sessions::prune(tx, now - SESSIONS).await?)
        })
    })
    .await
}
