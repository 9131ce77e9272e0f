//! Copies the outbox into the carrier, right after each commit.
//!
//! One replica copies at a time, chosen by a key in Redis; that two might copy at once after a failure does no harm, since
//! an entry's id is its position. A commit wakes the copying replica, a slow poll is the net.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use kit::lifecycle::Lifecycle;
use pg::{Db, Session, SystemScope};
use redis::aio::PubSub;
use tokio::sync::Notify;
use types::Clock;

use crate::{Carrier, Event, Positions, SHARDS, outbox};

/// The net under the wake-ups.
const POLL: Duration = Duration::from_millis(200);

/// How often the right to copy is renewed; it holds for two seconds.
const RENEW: Duration = Duration::from_millis(500);

/// How much of each shard is copied into an empty Redis; readers get the rest from the owner.
const REFILL: i64 = 1_000;

/// How many events are copied at once.
const BATCH: i64 = 500;

/// Tells the relay that something was committed.
#[derive(Debug, Clone)]
pub struct Waker(Arc<Notify>);

impl Waker {
    /// Something was committed.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Starts the relay of a service.
#[must_use]
pub fn relay(db: Db, carrier: Carrier, life: &Lifecycle) -> Waker {
    let waker = Waker(Arc::new(Notify::new()));
    let relay = Relay {
        session: db.session(SystemScope::for_job("relay")),
        db,
        carrier,
        replica: types::new_uuid().to_string(),
        committed: Arc::clone(&waker.0),
        wakes: None,
        copied: None,
        renewed: None,
        rotated: None,
    };
    let stopping = life.stopping();
    life.spawn("relay", async move {
        tokio::select! { () = relay.run() => {}, () = stopping.cancelled() => {} }
    });
    waker
}

struct Relay {
    db: Db,
    session: Session,
    carrier: Carrier,
    replica: String,
    committed: Arc<Notify>,
    wakes: Option<PubSub>,
    /// What the carrier has; unknown at first and after a failure, and while another replica copies.
    copied: Option<Positions>,
    renewed: Option<Instant>,
    rotated: Option<Instant>,
}

impl Relay {
    async fn run(mut self) {
        // At once: the first event after a start need not wait for connections.
        let (mut woken_here, mut failing) = (false, false);
        loop {
            self.rotate().await;
            let step = self.step(woken_here).await;
            // Once for each time the carrier goes away, not five times a second.
            if let (Err(error), false) = (&step, failing) {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "events cannot be copied; readers take them from the outbox"
                );
            }
            failing = step.is_err();
            if failing {
                (self.copied, self.renewed, self.wakes) = (None, None, None);
                Clock::system().sleep(POLL).await;
            }
            woken_here = self.wait().await;
        }
    }

    /// Waits for a commit, here or in another replica, or for the poll; true for a commit here.
    async fn wait(&mut self) -> bool {
        if self.wakes.is_none() {
            self.wakes = self.carrier.wakes().await.ok();
        }
        let clock = Clock::system();
        let elsewhere = async {
            match &mut self.wakes {
                Some(wakes) => wakes.on_message().next().await.is_some(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.committed.notified() => true,
            open = elsewhere => {
                if !open {
                    self.wakes = None;
                }
                false
            }
            () = clock.sleep(POLL) => false,
        }
    }

    async fn step(&mut self, woken_here: bool) -> anyhow::Result<()> {
        if self
            .renewed
            .is_none_or(|renewed| renewed.elapsed() >= RENEW)
        {
            let leads = self.carrier.lead(&self.replica).await?;
            self.renewed = leads.then(Instant::now);
        }
        if self.renewed.is_none() {
            self.copied = None;
            if woken_here {
                self.carrier.wake().await?;
            }
            return Ok(());
        }
        self.copy().await
    }

    async fn copy(&mut self) -> anyhow::Result<()> {
        let mut copied = match self.copied {
            Some(copied) => copied,
            None => self.copied_before().await?,
        };
        loop {
            let events = outbox::read_new(&self.session, &copied, BATCH).await?;
            self.carrier.add(&events).await?;
            note_age(&events);
            for event in &events {
                copied[event.shard as usize % usize::from(SHARDS)] = event.position;
            }
            // No shard can have more than was asked for.
            if events.len() < BATCH as usize {
                break;
            }
        }
        self.copied = Some(copied);
        Ok(())
    }

    /// What the carrier has. An empty one gets only the newest events.
    async fn copied_before(&mut self) -> anyhow::Result<Positions> {
        let newest = outbox::positions(&self.db).await?;
        let mut copied = self.carrier.positions().await?;
        for (copied, newest) in copied.iter_mut().zip(newest) {
            if *copied == 0 {
                *copied = (newest - REFILL).max(0);
            }
        }
        Ok(copied)
    }

    async fn rotate(&mut self) {
        const EVERY: Duration = Duration::from_secs(3600);
        const KEEP_DAYS: i32 = 7;
        if self
            .rotated
            .is_none_or(|rotated| rotated.elapsed() >= EVERY)
        {
            self.rotated = Some(Instant::now());
            if let Err(error) = outbox::rotate(&self.db, KEEP_DAYS).await {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "the outbox's partitions could not be rotated"
                );
            }
        }
    }
}

/// How old events are when they reach the carrier.
fn note_age(events: &[Event]) {
    let now = Clock::system().now();
    for time in events
        .iter()
        .filter_map(|event| kit::time::from_proto(event.create_time.as_ref()?))
    {
        metrics::histogram!("beseda_event_relayed_age_seconds")
            .record((now - time).as_seconds_f64().max(0.0));
    }
}
