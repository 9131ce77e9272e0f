//! Workers: one at a time has a client.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use kit::lifecycle::Lifecycle;
use pg::{Error, SystemScope, Tx};

use super::process::{Loaded, Outcome, load, process};
use crate::core::Core;
use crate::domain::fault::pause;
use crate::store::jobs::{self, Claim, Job};

/// How many clients are handled at once in a replica.
const AT_ONCE: usize = 24;
/// How long a worker has a client without a sign of life. Where one is slower, another may do the same steps: they find what is there.
const LEASE: Duration = Duration::from_secs(6);
/// How often it is looked for clients whose pause is over, or who were left by a worker that died.
const POLL: Duration = Duration::from_millis(500);

/// Starts the workers.
pub fn spawn(core: &Arc<Core>, life: &Lifecycle) {
    let (core, stopping) = (Arc::clone(core), life.stopping());
    life.spawn("apply rules", async move {
        // What is cut off goes on when its lease is over.
        tokio::select! { () = run(&core) => {}, () = stopping.cancelled() => {} }
    });
}

async fn run(core: &Arc<Core>) {
    let mut running = FuturesUnordered::new();
    loop {
        let claimed = claim(core, AT_ONCE.saturating_sub(running.len())).await;
        let claimed = claimed.unwrap_or_else(|error| {
            tracing::debug!(%error, "no clients could be looked for; the next look tries again");
            Vec::new()
        });
        running.extend(
            claimed
                .into_iter()
                .map(|claim| handle(Arc::clone(core), claim)),
        );
        let free = running.len() < AT_ONCE;
        tokio::select! {
            Some(()) = running.next() => {}
            () = core.news.notified(), if free => {}
            () = core.clock.sleep(POLL), if free => {}
        }
    }
}

async fn claim(core: &Core, limit: usize) -> Result<Vec<Claim>, Error> {
    let (now, limit) = (core.clock.now(), limit as i64);
    let claimed = core.db.tx(SystemScope::for_job("apply rules"), move |tx| {
        Box::pin(async move { jobs::claim(tx, now, now + LEASE, limit).await })
    });
    claimed.await
}

/// Does a client's jobs, one after the other, until there are none or the CRM does not answer.
async fn handle(core: Arc<Core>, claim: Claim) {
    let mut next = next(&core, &claim, None).await;
    loop {
        let (job, loaded) = match next {
            Ok(Some(next)) => next,
            Ok(None) => return,
            Err(error) => return later(&error, &claim),
        };
        let outcome = holding(&core, &claim, process(&core, &claim, &job, loaded)).await;
        next = match outcome {
            Ok(Outcome::Done) => self::next(&core, &claim, Some(job)).await,
            Ok(Outcome::Wait(why)) => {
                metrics::counter!("beseda_rules_postponed_total").increment(1);
                tracing::info!(why, account.id = %claim.account, "the CRM does not answer; the client's requests wait");
                return postpone(&core, &claim)
                    .await
                    .unwrap_or_else(|error| later(&error, &claim));
            }
            Err(error) => Err(error),
        };
    }
}

/// Keeps the client while the work goes on: a CRM may let itself be waited for.
async fn holding<T>(core: &Core, claim: &Claim, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = core.clock.sleep(LEASE / 3) => {}
        }
        let (claim, until) = (claim.clone(), core.clock.now() + LEASE);
        let held = core.db.tx(SystemScope::for_job("apply rules"), move |tx| {
            Box::pin(async move { jobs::hold(tx, &claim, until).await })
        });
        let held: Result<bool, Error> = held.await;
        if let Err(error) = held {
            tracing::debug!(%error, "a client could not be kept; it is tried again before its lease is over");
        }
    }
}

/// The database failed: whoever takes the client when the lease is over tries again.
fn later(error: &Error, claim: &Claim) {
    tracing::warn!(%error, account.id = %claim.account, "rules could not go on; they do when the lease of the client is over");
}

/// Takes a job that is done off, and gives the client's next one with what is stored about it; `None` where there is none any more, or another
/// worker has the client.
async fn next(
    core: &Core,
    claim: &Claim,
    finished: Option<Job>,
) -> Result<Option<(Job, Loaded)>, Error> {
    let (claim, until) = (claim.clone(), core.clock.now() + LEASE);
    let next = core.db.tx(SystemScope::for_job("apply rules"), move |tx| {
        Box::pin(async move {
            let is_held = match &finished {
                Some(job) => jobs::done(tx, &claim, job, until).await?,
                None => jobs::hold(tx, &claim, until).await?,
            };
            if is_held {
                take_next(tx, &claim).await
            } else {
                Ok(None)
            }
        })
    });
    next.await
}

async fn take_next(tx: &mut Tx, claim: &Claim) -> Result<Option<(Job, Loaded)>, Error> {
    let Some(job) = jobs::next(tx, claim).await? else {
        jobs::release(tx, claim).await?;
        return Ok(None);
    };
    let loaded = load(tx, claim.account, &job).await?;
    Ok(Some((job, loaded)))
}

async fn postpone(core: &Core, claim: &Claim) -> Result<(), Error> {
    let until = core.clock.now() + pause(claim.failures + 1, &claim.client_key);
    let claim = claim.clone();
    let kept = core.db.tx(SystemScope::for_job("apply rules"), move |tx| {
        Box::pin(async move { jobs::postpone(tx, &claim, until).await })
    });
    kept.await
}
