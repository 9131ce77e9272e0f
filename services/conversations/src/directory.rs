//! Whose connection is it? Connectors name connections only; every event they bring asks here.
//!
//! A cache over the tables. An entry lives for at most [`LIFETIME`], so that a connection switched off at another replica
//! is noticed within that time; in this process a change counts at once. Unknown ids are remembered as well, apart from
//! the known ones, so that a flood of made-up ids neither reaches the database nor pushes out what is real. Questions that
//! come while one is being answered are answered together by the next statement.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pg::{Db, Error, SystemScope};
use quick_cache::sync::Cache;
use tokio::sync::Notify;
use types::ConnectionId;

use crate::domain::connection::Connection;
use crate::store::connections;

/// How long an entry counts.
pub const LIFETIME: Duration = Duration::from_secs(1);

/// Connections kept at most; the least used go first.
const KNOWN: usize = 100_000;

/// Ids without a connection kept at most.
const UNKNOWN: usize = 10_000;

/// The connections of all accounts by id. Cheap to clone.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    db: Db,
    known: Cache<ConnectionId, (Arc<Connection>, Instant)>,
    unknown: Cache<ConnectionId, Instant>,
    /// Ids that wait for the next statement.
    waiting: Mutex<HashSet<ConnectionId>>,
    loading: tokio::sync::Mutex<()>,
    changed: Arc<Notify>,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Directory({} known)", self.0.known.len())
    }
}

impl Directory {
    /// An empty cache over a database.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self(Arc::new(Inner {
            db,
            known: Cache::new(KNOWN),
            unknown: Cache::new(UNKNOWN),
            waiting: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
            changed: Arc::default(),
        }))
    }

    /// The connections of these ids, as far as they exist, whosever they are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        &self,
        ids: &[ConnectionId],
    ) -> Result<HashMap<ConnectionId, Arc<Connection>>, Error> {
        let mut found = HashMap::with_capacity(ids.len());
        let mut missing = self.0.look_up(ids, &mut found);
        if missing.is_empty() {
            return Ok(found);
        }
        self.0.with_waiting(|waiting| waiting.extend(&missing));
        let _one_at_a_time = self.0.loading.lock().await;
        // Whoever had the lock before has loaded them, unless it failed or was dropped.
        missing = self.0.look_up(&missing, &mut found);
        if missing.is_empty() {
            return Ok(found);
        }
        let mut asked = self.0.with_waiting(std::mem::take);
        asked.extend(missing.iter().copied());
        let loaded = self.0.load(asked.into_iter().collect()).await?;
        found.extend(
            missing
                .iter()
                .filter_map(|id| loaded.get_key_value(id))
                .map(|(id, it)| (*id, Arc::clone(it))),
        );
        Ok(found)
    }

    /// A connection was added or changed here: what is known of it is out of date.
    pub fn forget(&self, id: ConnectionId) {
        self.0.known.remove(&id);
        self.0.unknown.remove(&id);
        self.0.changed.notify_waiters();
    }

    /// Wakes who watches connections in this process.
    #[must_use]
    pub fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.0.changed)
    }
}

impl Inner {
    /// Adds what is known to `found`; returns the ids of which nothing is known.
    fn look_up(
        &self,
        ids: &[ConnectionId],
        found: &mut HashMap<ConnectionId, Arc<Connection>>,
    ) -> Vec<ConnectionId> {
        let mut missing = Vec::new();
        for id in ids
            .iter()
            .filter(|id| !found.contains_key(id))
            .collect::<HashSet<_>>()
        {
            match self.known.get(id) {
                Some((connection, since)) if since.elapsed() < LIFETIME => {
                    found.insert(*id, connection);
                }
                _ if self
                    .unknown
                    .get(id)
                    .is_some_and(|since| since.elapsed() < LIFETIME) => {}
                _ => missing.push(*id),
            }
        }
        missing
    }

    async fn load(
        &self,
        ids: Vec<ConnectionId>,
    ) -> Result<HashMap<ConnectionId, Arc<Connection>>, Error> {
        // The time before the statement: what it saw may be that old.
        let asked = Instant::now();
        let wanted = ids.clone();
        let rows = self
            .db
            .tx(SystemScope::for_job("connection directory"), move |tx| {
                Box::pin(async move { connections::with_ids(tx, &wanted).await })
            });
        let loaded: HashMap<_, _> = rows
            .await?
            .into_iter()
            .map(|row| (row.id, Arc::new(row)))
            .collect();
        for id in ids {
            match loaded.get(&id) {
                Some(connection) => self.known.insert(id, (Arc::clone(connection), asked)),
                None => self.unknown.insert(id, asked),
            }
        }
        Ok(loaded)
    }

    fn with_waiting<T>(&self, action: impl FnOnce(&mut HashSet<ConnectionId>) -> T) -> T {
        action(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
