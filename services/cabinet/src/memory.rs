//! Cabinets by the key in their link, kept for a moment so that the database is not asked at every call of a client.

use std::sync::Arc;
use std::time::Duration;

use kit::Refusal;
use pg::{Db, SystemScope};
use quick_cache::sync::Cache;
use time::OffsetDateTime;
use types::{CabinetId, Clock};

use crate::domain::settings::Cabinet;
use crate::store::cabinets;

/// How long a change made on another replica may stay unseen; one made here is seen at once.
const FRESH: Duration = Duration::from_secs(1);
/// Cabinets remembered at once.
const REMEMBERED: usize = 10_000;

type Entry = (Arc<Cabinet>, OffsetDateTime);

/// Cabinets as clients meet them. Clones share what they know.
#[derive(Clone)]
pub struct Cabinets {
    db: Db,
    clock: Clock,
    known: Arc<Cache<CabinetId, Entry>>,
}

impl Cabinets {
    /// Read from `db`.
    #[must_use]
    pub fn new(db: Db, clock: Clock) -> Self {
        let known = Arc::new(Cache::new(REMEMBERED));
        Self { db, clock, known }
    }

    /// The cabinet of a link.
    ///
    /// # Errors
    /// CABINET_NOT_FOUND, CABINET_DISABLED, or when the database fails.
    pub async fn get(&self, id: CabinetId) -> Result<Arc<Cabinet>, Refusal> {
        let cabinet = self.find(id).await?;
        if cabinet.settings.enabled {
            Ok(cabinet)
        } else {
            Err(Refusal::cabinet_disabled(id))
        }
    }

    async fn find(&self, id: CabinetId) -> Result<Arc<Cabinet>, Refusal> {
        let now = self.clock.now();
        if let Some((cabinet, read)) = self.known.get(&id)
            && now < read + FRESH
        {
            return Ok(cabinet);
        }
        let found = self.db.tx(
            SystemScope::for_job("read a cabinet by its key"),
            move |tx| Box::pin(async move { cabinets::by_key(tx, id).await }),
        );
        let found = found.await?;
        let cabinet = Arc::new(found.ok_or_else(|| Refusal::cabinet_not_found(id))?);
        self.known.insert(id, (Arc::clone(&cabinet), now));
        Ok(cabinet)
    }

    /// Forgets a cabinet that was changed here.
    pub fn forget(&self, id: CabinetId) {
        self.known.remove(&id);
    }
}
