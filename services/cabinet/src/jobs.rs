//! Forgetting what nobody can use any more.

use std::time::Duration;

use pg::{Db, Error, SystemScope, idempotency};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use types::Clock;

use crate::state::State;
use crate::store::{clients, codes, counters, messages};

/// How often.
const EVERY: Duration = Duration::from_secs(10 * 60);
/// A session is kept so long after its end that its token is called expired, not unknown.
const EXPIRED_SESSIONS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// What became of an SMS is kept so long.
const MESSAGES_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Rows in one transaction.
const BATCH: i64 = 1000;

/// Runs until the service stops.
pub async fn forget(state: State, stopping: CancellationToken) {
    let clock = Clock::system();
    loop {
        tokio::select! { () = stopping.cancelled() => return, () = clock.sleep(EVERY) => {} }
        if let Err(error) = round(&state.db, state.clock.now(), &stopping).await {
            tracing::warn!(%error, "old rows could not be deleted; the next round tries again");
        }
    }
}

async fn round(db: &Db, now: OffsetDateTime, stopping: &CancellationToken) -> Result<(), Error> {
    while !stopping.is_cancelled() && sessions(db, now - EXPIRED_SESSIONS_KEPT).await? > 0 {}
    while !stopping.is_cancelled() && spent(db, now).await? > 0 {}
    while !stopping.is_cancelled() && idempotency::prune(db, now).await? > 0 {}
    Ok(())
}

async fn sessions(db: &Db, before: OffsetDateTime) -> Result<u64, Error> {
    db.tx(
        SystemScope::for_job("forget sessions of clients"),
        move |tx| Box::pin(async move { clients::forget_sessions(tx, before, BATCH).await }),
    )
    .await
}

/// Codes, counters and SMS whose time is over.
async fn spent(db: &Db, now: OffsetDateTime) -> Result<u64, Error> {
    db.tx(SystemScope::for_job("forget codes"), move |tx| {
        Box::pin(async move {
            let codes = codes::forget(tx, now, BATCH).await?;
            let counters = counters::forget(tx, now, BATCH).await?;
            let messages = messages::forget(tx, now - MESSAGES_KEPT, BATCH).await?;
            Ok(codes + counters + messages)
        })
    })
    .await
}
