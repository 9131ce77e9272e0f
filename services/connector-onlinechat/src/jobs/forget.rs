//! Forgetting what nobody can use any more: sessions, visitors, unfinished creations, kept answers.

use std::time::Duration;

use pg::{Db, Error, SystemScope, idempotency};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use types::Clock;

use crate::backoff::jittered;
use crate::state::State;
use crate::store::{online_chats, visitors};

/// How often.
const EVERY: Duration = Duration::from_secs(10 * 60);
/// A session is kept so long after its end that its token is called expired, not unknown.
const EXPIRED_SESSIONS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// A creation may be repeated for a day; this is safely later.
const UNFINISHED_KEPT: Duration = Duration::from_secs(48 * 60 * 60);
/// Rows in one transaction.
const BATCH: i64 = 1000;

/// The job.
pub struct Forget {
    /// What every call needs.
    pub state: State,
}

impl Forget {
    /// Runs until the service stops.
    pub async fn keep(self, stopping: CancellationToken) {
        let clock = Clock::system();
        loop {
            tokio::select! { () = stopping.cancelled() => return, () = clock.sleep(jittered(EVERY)) => {} }
            self.state.limiter.tidy();
            if let Err(error) = self.run(&stopping).await {
                tracing::warn!(%error, "old rows could not be deleted; the next round tries again");
            }
        }
    }

    /// One round.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn run(&self, stopping: &CancellationToken) -> Result<(), Error> {
        let (db, now) = (&self.state.db, self.state.clock.now());
        while !stopping.is_cancelled() && sessions(db, now - EXPIRED_SESSIONS_KEPT).await? > 0 {}
        while !stopping.is_cancelled() && lost_visitors(db, now).await? > 0 {}
        while !stopping.is_cancelled() && idempotency::prune(db, now).await? > 0 {}
        unfinished(db, now - UNFINISHED_KEPT).await?;
        Ok(())
    }
}

async fn sessions(db: &Db, before: OffsetDateTime) -> Result<u64, Error> {
    db.tx(SystemScope::for_job("forget sessions"), move |tx| {
        Box::pin(async move { visitors::forget_sessions(tx, before, BATCH).await })
    })
    .await
}

async fn lost_visitors(db: &Db, before: OffsetDateTime) -> Result<u64, Error> {
    db.tx(SystemScope::for_job("forget visitors"), move |tx| {
        Box::pin(async move { visitors::forget_visitors(tx, before, BATCH).await })
    })
    .await
}

async fn unfinished(db: &Db, before: OffsetDateTime) -> Result<u64, Error> {
    db.tx(
        SystemScope::for_job("forget unfinished online chats"),
        move |tx| Box::pin(async move { online_chats::forget_unfinished(tx, before).await }),
    )
    .await
}
