//! The list of the CRM's employees: by button (SYN-36), and every day at 00:00 in Moscow (SYN-37, SYN-38).

use std::sync::Arc;
use std::time::Duration;

use kit::lifecycle::Lifecycle;
use pg::{Scope, SystemScope};
use types::{AccountId, IntegrationId, PortalId};

use crate::Error;
use crate::core::Core;
use crate::domain::midnight::last_midnight;
use crate::store::employees::{self, Changed, claim_daily};

/// How often it is looked whether a day has begun; a synchronisation that failed is tried again as often.
const EVERY: Duration = Duration::from_secs(60);
/// How many integrations are taken at once.
const BATCH: i64 = 50;

/// Starts the daily one. A day that was missed is made up once: what counts is whether one has succeeded since the last midnight.
pub fn spawn(core: &Arc<Core>, life: &Lifecycle) {
    let (core, stopping) = (Arc::clone(core), life.stopping());
    life.spawn("synchronise employees", async move {
        loop {
            daily(&core).await;
            tokio::select! { () = core.clock.sleep(EVERY) => {}, () = stopping.cancelled() => return }
        }
    });
}

pub(super) async fn daily(core: &Core) {
    let now = core.clock.now();
    let (midnight, untried) = (last_midnight(now), now - EVERY);
    let due = core
        .db
        .tx(SystemScope::for_job("synchronise employees"), move |tx| {
            Box::pin(async move { claim_daily(tx, midnight, untried, now, BATCH).await })
        });
    let due: Vec<_> = match due.await {
        Ok(due) => due,
        Err(error) => {
            let error: pg::Error = error;
            tracing::debug!(%error, "it could not be looked which employees are due; the next look tries again");
            return;
        }
    };
    for (account, integration, portal) in due {
        let scope = SystemScope::for_job("synchronise employees");
        let which = (integration, portal);
        if let Err(error) = synchronise(core, scope.into(), account, which).await {
            let error = anyhow::Error::from(error);
            tracing::warn!(error = format!("{error:#}"), integration.id = %integration, "employees could not be synchronised; it is tried again in a minute");
        }
    }
}

/// Makes an integration's list what the CRM says; how many there are, and what changed.
///
/// # Errors
/// When the CRM does not answer, or the database fails.
pub async fn synchronise(
    core: &Core,
    scope: Scope,
    account: AccountId,
    (integration, portal): (IntegrationId, Option<PortalId>),
) -> Result<(usize, Changed), Error> {
    let catalogue = core.fresh_catalogue(account, portal).await?;
    let now = core.clock.now();
    core.db
        .tx(scope, move |tx| {
            Box::pin(async move {
                let all = &catalogue.employees;
                let changed = employees::replace(tx, account, integration, all, now).await?;
                Ok((all.len(), changed))
            })
        })
        .await
}
