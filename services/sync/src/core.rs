//! What operations and jobs share.

use std::sync::Arc;
use std::time::Duration;

use pg::Db;
use quick_cache::sync::Cache;
use rules::Catalogue;
use time::OffsetDateTime;
use tokio::sync::Notify;
use types::{AccountId, Clock};

use crate::domain::fault::Fault;
use crate::target::CrmTarget;

/// How long what a CRM has is believed without asking again.
const FRESH: Duration = Duration::from_secs(10);
/// Of how many accounts it is kept.
const ACCOUNTS: usize = 1_000;

/// What a CRM had, and when.
type Seen = (OffsetDateTime, Arc<Catalogue>);

/// What operations and jobs share.
pub struct Core {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The CRM.
    pub target: Arc<dyn CrmTarget>,
    /// There may be jobs.
    pub news: Arc<Notify>,
    catalogues: Cache<AccountId, Seen>,
}

impl Core {
    /// Over a database and a CRM.
    #[must_use]
    pub fn new(db: Db, clock: Clock, target: Arc<dyn CrmTarget>, news: Arc<Notify>) -> Self {
        Self {
            db,
            clock,
            target,
            news,
            catalogues: Cache::new(ACCOUNTS),
        }
    }

    /// What the CRM has, at most ten seconds old: for plans.
    ///
    /// # Errors
    /// When the CRM does not answer.
    pub async fn catalogue(&self, account: AccountId) -> Result<Arc<Catalogue>, Fault> {
        let now = self.clock.now();
        match self.catalogues.get(&account) {
            Some((at, catalogue)) if now - at < FRESH => Ok(catalogue),
            _ => self.fresh_catalogue(account).await,
        }
    }

    /// What the CRM has now: for people who look at settings (SYN-32, SYN-41), and after a plan turned out to be stale.
    ///
    /// # Errors
    /// When the CRM does not answer.
    pub async fn fresh_catalogue(&self, account: AccountId) -> Result<Arc<Catalogue>, Fault> {
        let now = self.clock.now();
        let catalogue = Arc::new(self.target.catalogue(account).await?);
        self.catalogues
            .insert(account, (now, Arc::clone(&catalogue)));
        Ok(catalogue)
    }
}
