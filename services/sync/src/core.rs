//! What operations and jobs share.

use std::sync::Arc;
use std::time::Duration;

use pg::Db;
use quick_cache::sync::Cache;
use rules::Catalogue;
use time::OffsetDateTime;
use tokio::sync::{Mutex, Notify};
use types::{AccountId, Clock, PortalId};

use crate::domain::fault::Fault;
use crate::target::CrmTarget;
use crate::target::amo::Amo;

/// How long what the built-in CRM has is believed without asking again: it does not refuse an employee who has just been switched off.
const FRESH: Duration = Duration::from_secs(1);
/// How long what a portal has is: asking takes several of its few calls. A plan that turns out to be stale is made anew at once.
const FRESH_PORTAL: Duration = Duration::from_secs(60);
/// Of how many CRMs it is kept.
const CRMS: usize = 1_000;

/// Which CRM: that of an account, or a portal.
type Which = (AccountId, Option<PortalId>);

/// What a CRM had, and when.
type Seen = (OffsetDateTime, Arc<Catalogue>);

/// What operations and jobs share.
pub struct Core {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The built-in CRM.
    built_in: Arc<dyn CrmTarget>,
    /// amoCRM.
    pub amo: Arc<Amo>,
    /// There may be jobs.
    pub news: Arc<Notify>,
    catalogues: Cache<Which, Seen>,
    /// Of each CRM one asks at a time what it has.
    asking: Cache<Which, Arc<Mutex<()>>>,
}

impl Core {
    /// Over a database and CRMs.
    #[must_use]
    pub fn new(
        db: Db,
        clock: Clock,
        built_in: Arc<dyn CrmTarget>,
        amo: Arc<Amo>,
        news: Arc<Notify>,
    ) -> Self {
        Self {
            db,
            clock,
            built_in,
            amo,
            news,
            catalogues: Cache::new(CRMS),
            asking: Cache::new(CRMS),
        }
    }

    /// The CRM that an integration transfers to.
    #[must_use]
    pub fn target(&self, account: AccountId, portal: Option<PortalId>) -> Arc<dyn CrmTarget> {
        match portal {
            None => Arc::clone(&self.built_in),
            Some(portal) => Arc::new(self.amo.portal(account, portal)),
        }
    }

    /// What the CRM has, not older than it may be: for plans.
    ///
    /// # Errors
    /// When the CRM does not answer.
    pub async fn catalogue(
        &self,
        account: AccountId,
        portal: Option<PortalId>,
    ) -> Result<Arc<Catalogue>, Fault> {
        let which = (account, portal);
        if let Some(catalogue) = self.seen(&which) {
            return Ok(catalogue);
        }
        let new = || Ok::<_, std::convert::Infallible>(Arc::default());
        let asking = self.asking.get_or_insert_with(&which, new);
        let asking = asking.unwrap_or_default();
        let _alone = asking.lock().await;
        match self.seen(&which) {
            Some(catalogue) => Ok(catalogue),
            None => self.fresh_catalogue(account, portal).await,
        }
    }

    fn seen(&self, which: &Which) -> Option<Arc<Catalogue>> {
        let fresh = match which.1 {
            None => FRESH,
            Some(_) => FRESH_PORTAL,
        };
        let (at, catalogue) = self.catalogues.get(which)?;
        (self.clock.now() - at < fresh).then_some(catalogue)
    }

    /// What the CRM has now: for people who look at settings (SYN-32, SYN-41), and after a plan turned out to be stale.
    ///
    /// # Errors
    /// When the CRM does not answer.
    pub async fn fresh_catalogue(
        &self,
        account: AccountId,
        portal: Option<PortalId>,
    ) -> Result<Arc<Catalogue>, Fault> {
        let now = self.clock.now();
        let catalogue = self.target(account, portal).catalogue(account).await?;
        let catalogue = Arc::new(catalogue);
        self.catalogues
            .insert((account, portal), (now, Arc::clone(&catalogue)));
        Ok(catalogue)
    }
}
