//! Follows a service's events: from the carrier where it has them, from the owner where it does not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use types::Clock;

use crate::{Carrier, Event, Place, Positions, Source};

/// How often the owner is asked whether something is missing though nothing new arrives.
const CHECK: Duration = Duration::from_secs(2);

/// How often the owner is asked while the carrier is away.
const CHECK_WITHOUT_CARRIER: Duration = Duration::from_millis(200);

/// What came next.
#[derive(Debug, Default)]
pub struct Batch {
    /// In order within each shard, without holes.
    pub events: Vec<Event>,
    /// Shards whose owner no longer keeps everything after the reader's position: what was in between is lost to it.
    pub lost: Vec<u16>,
}

/// Follows events from given positions on.
pub struct Reader {
    carrier: Carrier,
    source: Arc<dyn Source>,
    at: Positions,
    connection: Option<MultiplexedConnection>,
    checked: Option<Instant>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({:?})", self.carrier)
    }
}

impl Reader {
    /// After the given positions.
    #[must_use]
    pub fn new(carrier: Carrier, source: Arc<dyn Source>, after: Positions) -> Self {
        Self {
            carrier,
            source,
            at: after,
            connection: None,
            checked: None,
        }
    }

    /// The newest events that were returned.
    #[must_use]
    pub fn positions(&self) -> &Positions {
        &self.at
    }

    /// Waits for what comes next. Dropping the future loses nothing that a later call would not return.
    pub async fn next(&mut self) -> Batch {
        loop {
            let carried = self.carried().await;
            let pause = if carried.is_none() {
                CHECK_WITHOUT_CARRIER
            } else {
                CHECK
            };
            let mut batch = Batch::default();
            let mut complete = self.take(carried.unwrap_or_default(), &mut batch).await;
            if complete
                && self
                    .checked
                    .is_none_or(|checked| checked.elapsed() >= pause)
            {
                complete = self.catch_up(&mut batch).await;
                self.checked = Some(Instant::now());
            }
            if !batch.events.is_empty() || !batch.lost.is_empty() {
                return batch;
            }
            if !complete || self.connection.is_none() {
                Clock::system().sleep(CHECK_WITHOUT_CARRIER).await;
            }
        }
    }

    /// What the carrier has; `None` while it is away.
    async fn carried(&mut self) -> Option<Vec<Event>> {
        if self.connection.is_none() {
            self.connection = self.carrier.blocking().await.ok();
        }
        let connection = self.connection.as_mut()?;
        match self.carrier.next(connection, &self.at).await {
            Ok(events) => Some(events),
            Err(error) => {
                tracing::debug!(%error, "the carrier is away; events are read from their owner");
                self.connection = None;
                None
            }
        }
    }

    /// Takes events in, filling holes from the owner; false when the owner could not be asked.
    async fn take(&mut self, events: Vec<Event>, batch: &mut Batch) -> bool {
        for event in events {
            let Ok(shard) = u16::try_from(event.shard) else {
                continue;
            };
            let Some(at) = self.at.get(usize::from(shard)).copied() else {
                continue;
            };
            if event.position > at + 1 && !self.fill(shard, event.position - 1, batch).await {
                return false;
            }
            let Some(at) = self.at.get_mut(usize::from(shard)) else {
                continue;
            };
            if event.position == *at + 1 {
                *at = event.position;
                batch.events.push(event);
            }
        }
        true
    }

    /// Reads from the owner what is missing in every shard.
    async fn catch_up(&mut self, batch: &mut Batch) -> bool {
        let newest = match self.source.positions().await {
            Ok(newest) => newest,
            Err(error) => {
                tracing::debug!(
                    error = format!("{error:#}"),
                    "the owner of the events cannot be asked"
                );
                return false;
            }
        };
        for (shard, newest) in (0u16..).zip(newest) {
            if newest > self.at[usize::from(shard)] && !self.fill(shard, newest, batch).await {
                return false;
            }
        }
        true
    }

    /// Reads one shard from the owner up to a position.
    async fn fill(&mut self, shard: u16, until: i64, batch: &mut Batch) -> bool {
        let slot = usize::from(shard);
        while self.at[slot] < until {
            let after = Place {
                shard,
                position: self.at[slot],
            };
            let events = match self.source.read(after).await {
                Ok(events) => events,
                Err(error) => {
                    tracing::debug!(
                        shard,
                        error = format!("{error:#}"),
                        "missing events cannot be read from their owner"
                    );
                    return false;
                }
            };
            let first = events.first().map_or(until + 1, |event| event.position);
            if first > after.position + 1 {
                batch.lost.push(shard);
                self.at[slot] = first - 1;
            }
            self.at[slot] = events.last().map_or(self.at[slot], |event| event.position);
            batch.events.extend(events);
        }
        true
    }
}
