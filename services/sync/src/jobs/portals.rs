//! Tokens that nobody uses die after three months: they are renewed before.

use std::sync::Arc;
use std::time::Duration;

use kit::lifecycle::Lifecycle;
use pg::SystemScope;
use time::Duration as Span;
use types::{AccountId, PortalId};

use crate::core::Core;
use crate::store::portal_calls::idle;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(3600);
/// After how long a pair that nobody used is renewed.
const UNUSED: Span = Span::days(30);
/// How many portals are taken at once; the others wait for the next look.
const BATCH: i64 = 100;

/// Starts it.
pub fn spawn(core: &Arc<Core>, life: &Lifecycle) {
    let (core, stopping) = (Arc::clone(core), life.stopping());
    life.spawn("keep portals connected", async move {
        loop {
            keep(&core).await;
            tokio::select! { () = core.clock.sleep(EVERY) => {}, () = stopping.cancelled() => return }
        }
    });
}

pub(super) async fn keep(core: &Core) {
    let before = core.clock.now() - UNUSED;
    let found = core
        .db
        .tx(SystemScope::for_job("keep portals connected"), move |tx| {
            Box::pin(async move { idle(tx, before, BATCH).await })
        });
    let found: Result<Vec<(AccountId, PortalId, i64)>, pg::Error> = found.await;
    let found = found.unwrap_or_else(|error| {
        tracing::debug!(%error, "it could not be looked which portals nobody uses; the next look tries again");
        Vec::new()
    });
    for (account, portal, version) in found {
        if let Err(error) = core.amo.portal(account, portal).keep_alive(version).await {
            tracing::warn!(%error, portal.id = %portal, "the tokens of a portal could not be renewed; it is tried again in an hour");
        }
    }
}
