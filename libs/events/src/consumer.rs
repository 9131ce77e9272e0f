//! Effects that happen once.
//!
//! A service takes another's events in with one transaction per batch: the position moves from exactly where it stood, the
//! effects happen, both or neither. Replicas may all consume; the one that moves the position first wins, the others
//! notice and go on from there. An event that can never take effect is parked together with the later ones of its
//! aggregate; the others go on. Setting `rerun` on parked rows tries them again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use kit::lifecycle::Lifecycle;
use pg::{Db, SystemScope, Tx};
use sqlx::Row;
use types::Clock;
use uuid::Uuid;

use crate::{Batch, Carrier, Event, Positions, Reader, SHARDS, Source};

/// Why an event did not take effect.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database: the batch is tried again until it works.
    #[error(transparent)]
    Store(#[from] pg::Error),
    /// The event itself: it is parked.
    #[error("{0}")]
    Poison(String),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What an event does here.
pub trait Effect: Send + Sync + 'static {
    /// Is there something to do? What does not concern it is passed over without asking the database; how far is saved once a second.
    fn concerns(&self, _event: &Event) -> bool {
        true
    }

    /// Does it take whole batches? For effects that look at rows as they are now: where one event of a batch cannot take effect,
    /// each is tried alone, and the later ones do not wait for it.
    fn takes_batches(&self) -> bool {
        false
    }

    /// How long it may rest after a batch that left room for more. What comes meanwhile is taken together: an effect that nobody waits
    /// for costs the path of a message less this way.
    fn rest(&self) -> Duration {
        Duration::ZERO
    }

    /// Applies events together, in order within each shard; called only where [`Effect::takes_batches`].
    fn apply_all<'t>(
        &'t self,
        tx: &'t mut Tx,
        events: &'t [Event],
    ) -> BoxFuture<'t, Result<(), Failure>> {
        Box::pin(async move {
            for event in events {
                self.apply(tx, event).await?;
            }
            Ok(())
        })
    }

    /// Applies one event within the transaction that moves the position.
    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>>;

    /// Events that concern it took effect, and their transaction has ended: the time to wake whoever reads what they wrote.
    fn committed(&self) {}
}

/// How often parked events are looked through for ones to run again.
const RERUN: Duration = Duration::from_secs(2);

/// How long a position may stay unsaved when nothing since concerned the effect: after a fall those events are passed over once more.
const UNSAVED: Duration = Duration::from_secs(1);

/// How long to wait before a batch that failed is tried again.
const RETRY: Duration = Duration::from_millis(200);

/// A batch of fewer events left room for more.
const ROOM: usize = 500;

/// Events that take effect together at most.
const TOGETHER: usize = 2_000;

/// Starts consuming the events of the service `name`.
pub fn consume(
    db: Db,
    name: &'static str,
    carrier: Carrier,
    source: Arc<dyn Source>,
    effect: Arc<dyn Effect>,
    life: &Lifecycle,
) {
    let consumer = Consumer { db, name, effect };
    let stopping = life.stopping();
    life.spawn("consumer", async move {
        tokio::select! { () = consumer.run(carrier, source) => {}, () = stopping.cancelled() => {} }
    });
}

#[derive(Clone)]
struct Consumer {
    db: Db,
    name: &'static str,
    effect: Arc<dyn Effect>,
}

/// Why a batch did not take effect.
#[derive(Debug, thiserror::Error)]
enum Halt {
    #[error("another replica was faster")]
    Overtaken,
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<pg::Error> for Halt {
    fn from(error: pg::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<sqlx::Error> for Halt {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// From where to where the positions of shards move.
#[derive(Debug, Clone, Default)]
struct Moves {
    shards: Vec<i16>,
    from: Vec<i64>,
    to: Vec<i64>,
}

/// How far events were taken in, and how much of it is stored.
struct Progress {
    taken: Positions,
    saved: Positions,
    saved_at: Instant,
}

impl Progress {
    fn new(saved: Positions) -> Self {
        Self {
            taken: saved,
            saved,
            saved_at: Instant::now(),
        }
    }

    fn pass(&mut self, events: &[Event]) {
        for event in events {
            self.taken[slot(event.shard)] = event.position;
        }
    }

    /// What is not saved yet: of the shards of these events, or of all.
    fn unsaved(&self, events: Option<&[Event]>) -> Moves {
        let shards: BTreeSet<usize> = match events {
            Some(events) => events.iter().map(|event| slot(event.shard)).collect(),
            None => (0..self.taken.len()).collect(),
        };
        let mut moves = Moves::default();
        for shard in shards {
            if self.saved[shard] != self.taken[shard] {
                moves.shards.push(shard as i16);
                moves.from.push(self.saved[shard]);
                moves.to.push(self.taken[shard]);
            }
        }
        moves
    }

    fn save(&mut self, moves: &Moves) {
        for (shard, to) in moves.shards.iter().zip(&moves.to) {
            self.saved[slot(*shard as u32)] = *to;
        }
    }
}

impl Consumer {
    async fn run(&self, carrier: Carrier, source: Arc<dyn Source>) {
        let clock = Clock::system();
        loop {
            let Ok(positions) = self.positions().await else {
                clock.sleep(RETRY).await;
                continue;
            };
            let mut reader = Reader::new(carrier.clone(), Arc::clone(&source), positions);
            self.follow(&mut reader, Progress::new(positions)).await;
        }
    }

    /// Takes events in until another replica turns out to have been faster.
    async fn follow(&self, reader: &mut Reader, mut progress: Progress) {
        let clock = Clock::system();
        loop {
            let batch = tokio::select! {
                batch = reader.next() => Some(batch),
                () = clock.sleep(RERUN) => None,
            };
            let went_on = match &batch {
                Some(batch) => self.take(batch, &mut progress).await,
                None => {
                    self.rerun().await;
                    true
                }
            };
            if !went_on || !self.save_at_times(&mut progress).await {
                return;
            }
            if batch.is_some_and(|batch| batch.events.len() < ROOM) {
                clock.sleep(self.effect.rest()).await;
            }
        }
    }

    /// Takes a batch in; false when another replica was faster.
    async fn take(&self, batch: &Batch, progress: &mut Progress) -> bool {
        for shard in &batch.lost {
            tracing::error!(
                source = self.name,
                shard,
                "events were dropped by age before they were taken in"
            );
            // Whatever this consumer derives from them has to be rebuilt; it goes on with what is left.
            metrics::counter!("beseda_events_lost_total", "source" => self.name).increment(1);
        }
        for events in self.parts(&batch.events) {
            progress.pass(events);
            if !events.iter().any(|event| self.effect.concerns(event)) {
                continue;
            }
            let moves = progress.unsaved(Some(events));
            if !self.store(&moves, &Arc::new(events.to_vec())).await {
                return false;
            }
            self.effect.committed();
            progress.save(&moves);
        }
        true
    }

    /// Saves now and then how far events were passed over; false when another replica was faster.
    async fn save_at_times(&self, progress: &mut Progress) -> bool {
        if progress.saved_at.elapsed() < UNSAVED {
            return true;
        }
        progress.saved_at = Instant::now();
        let moves = progress.unsaved(None);
        let went_on = moves.shards.is_empty() || self.store(&moves, &Arc::default()).await;
        progress.save(&moves);
        went_on
    }

    /// What takes effect together.
    fn parts<'e>(&self, events: &'e [Event]) -> Vec<&'e [Event]> {
        if self.effect.takes_batches() {
            events.chunks(TOGETHER).collect()
        } else {
            events.chunk_by(|a, b| a.shard == b.shard).collect()
        }
    }

    /// Moves the positions and applies the events, trying until it works; false when another replica was faster.
    async fn store(&self, moves: &Moves, events: &Arc<Vec<Event>>) -> bool {
        let clock = Clock::system();
        loop {
            let (consumer, moves, events) = (self.clone(), moves.clone(), Arc::clone(events));
            let stored: Result<(), Halt> = self
                .db
                .tx(SystemScope::for_job("consume"), move |tx| {
                    Box::pin(async move {
                        consumer.advance(tx, &moves).await?;
                        if !events.is_empty() {
                            consumer.apply(tx, &events).await?;
                        }
                        Ok(())
                    })
                })
                .await;
            match stored {
                Ok(()) => return true,
                Err(Halt::Overtaken) => return false,
                Err(Halt::Failed(error)) => {
                    tracing::warn!(
                        source = self.name,
                        error = format!("{:#}", anyhow::Error::from(error)),
                        "events could not be taken in; trying again"
                    );
                    clock.sleep(RETRY).await;
                }
            }
        }
    }

    /// Moves the positions from exactly where they stood, all or none.
    async fn advance(&self, tx: &mut Tx, moves: &Moves) -> Result<(), Halt> {
        let moved = sqlx::query(
            "INSERT INTO consumer_positions AS p (source, shard, position)
             SELECT $1, n.shard, n.position FROM unnest($2::smallint[], $4::bigint[]) AS n (shard, position)
             ON CONFLICT (source, shard) DO UPDATE SET position = excluded.position
              WHERE p.position = ($3::bigint[])[array_position($2::smallint[], p.shard)]",
        )
        .bind(self.name)
        .bind(&moves.shards)
        .bind(&moves.from)
        .bind(&moves.to)
        .execute(&mut **tx)
        .await?;
        if moved.rows_affected() == moves.shards.len() as u64 {
            Ok(())
        } else {
            Err(Halt::Overtaken)
        }
    }

    async fn apply(&self, tx: &mut Tx, events: &[Event]) -> Result<(), Halt> {
        let batch = self.effect.takes_batches();
        if batch
            && guarded(tx, async |tx| self.effect.apply_all(tx, events).await)
                .await?
                .is_ok()
        {
            return Ok(());
        }
        for event in events.iter().filter(|event| self.effect.concerns(event)) {
            if !batch && waits_for_parked(tx, self.name, event).await? {
                self.park(
                    tx,
                    event,
                    "waits for an earlier event of the same aggregate",
                )
                .await?;
            } else if let Err(reason) = self.try_apply(tx, event).await? {
                tracing::error!(
                    source = self.name,
                    kind = event.kind,
                    shard = event.shard,
                    position = event.position,
                    reason,
                    "an event was parked"
                );
                self.park(tx, event, &reason).await?;
            }
        }
        Ok(())
    }

    /// Applies an event; `Err` inside holds the reason to park it.
    async fn try_apply(&self, tx: &mut Tx, event: &Event) -> Result<Result<(), String>, Failure> {
        guarded(tx, async |tx| self.effect.apply(tx, event).await).await
    }

    async fn park(&self, tx: &mut Tx, event: &Event, reason: &str) -> Result<(), Failure> {
        metrics::counter!("beseda_events_parked_total", "source" => self.name).increment(1);
        sqlx::query(
            "INSERT INTO parked_events (source, shard, position, account_id, aggregate_id, kind, payload, reason)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(self.name)
        .bind(event.shard as i16)
        .bind(event.position)
        .bind(uuid(&event.account_id))
        .bind(uuid(&event.aggregate_id))
        .bind(&event.kind)
        .bind(&event.payload[..])
        .bind(reason)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    async fn positions(&self) -> Result<Positions, pg::Error> {
        let name = self.name;
        self.db
            .tx(SystemScope::for_job("consume"), move |tx| {
                Box::pin(async move {
                    let rows: Vec<(i16, i64)> = sqlx::query_as(
                        "SELECT shard, position FROM consumer_positions WHERE source = $1",
                    )
                    .bind(name)
                    .fetch_all(&mut **tx)
                    .await?;
                    let mut positions = [0; SHARDS as usize];
                    for (shard, position) in rows {
                        positions[usize::from(shard.cast_unsigned()) % usize::from(SHARDS)] =
                            position;
                    }
                    Ok(positions)
                })
            })
            .await
    }

    /// Tries parked events that an operator asked for, the earliest of each aggregate first.
    async fn rerun(&self) {
        loop {
            let consumer = self.clone();
            let tried: Result<bool, Failure> = self
                .db
                .tx(SystemScope::for_job("rerun parked events"), move |tx| {
                    Box::pin(async move { consumer.rerun_one(tx).await })
                })
                .await;
            if !tried.unwrap_or(false) {
                return;
            }
            self.effect.committed();
        }
    }

    async fn rerun_one(&self, tx: &mut Tx) -> Result<bool, Failure> {
        let row = sqlx::query(
            "SELECT p.account_id, p.shard, p.position, p.aggregate_id, p.kind, p.payload FROM parked_events p
              WHERE p.source = $1 AND p.rerun ORDER BY p.shard, p.position LIMIT 1 FOR UPDATE SKIP LOCKED",
        )
        .bind(self.name)
        .fetch_optional(&mut **tx)
        .await?;
        let Some(row) = row else { return Ok(false) };
        let event = Event {
            shard: u32::from(row.try_get::<i16, _>("shard")?.cast_unsigned()),
            position: row.try_get("position")?,
            account_id: row.try_get::<Uuid, _>("account_id")?.as_bytes().to_vec(),
            aggregate_id: row.try_get::<Uuid, _>("aggregate_id")?.as_bytes().to_vec(),
            kind: row.try_get("kind")?,
            payload: row.try_get::<Vec<u8>, _>("payload")?.into(),
            ..Event::default()
        };
        let outcome = self.try_apply(tx, &event).await?;
        let (statement, reason) = match outcome {
            Ok(()) => (
                "DELETE FROM parked_events WHERE account_id = $1 AND source = $2 AND shard = $3 AND position = $4 AND $5 = ''",
                String::new(),
            ),
            Err(reason) => (
                "UPDATE parked_events SET rerun = false, reason = $5 WHERE account_id = $1 AND source = $2 AND shard = $3 AND position = $4",
                reason,
            ),
        };
        sqlx::query(statement)
            .bind(uuid(&event.account_id))
            .bind(self.name)
            .bind(event.shard as i16)
            .bind(event.position)
            .bind(reason)
            .execute(&mut **tx)
            .await?;
        Ok(true)
    }
}

/// Does what an event says, or nothing of it; `Err` inside holds the reason to park it.
async fn guarded(
    tx: &mut Tx,
    effect: impl AsyncFnOnce(&mut Tx) -> Result<(), Failure>,
) -> Result<Result<(), String>, Failure> {
    sqlx::raw_sql("SAVEPOINT event").execute(&mut **tx).await?;
    let outcome = match effect(tx).await {
        Ok(()) => Ok(()),
        Err(Failure::Poison(reason)) => Err(reason),
        // A row that the schema refuses will be refused again.
        Err(Failure::Store(pg::Error::Conflict { constraint })) => {
            Err(format!("constraint {constraint} refused it"))
        }
        Err(failure) => return Err(failure),
    };
    let end = if outcome.is_ok() {
        "RELEASE SAVEPOINT event"
    } else {
        "ROLLBACK TO SAVEPOINT event"
    };
    sqlx::raw_sql(end).execute(&mut **tx).await?;
    Ok(outcome)
}

async fn waits_for_parked(tx: &mut Tx, source: &str, event: &Event) -> Result<bool, Failure> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM parked_events WHERE account_id = $1 AND aggregate_id = $2 AND source = $3)",
    )
    .bind(uuid(&event.account_id))
    .bind(uuid(&event.aggregate_id))
    .bind(source)
    .fetch_one(&mut **tx)
    .await?)
}

fn slot(shard: u32) -> usize {
    shard as usize % usize::from(SHARDS)
}

/// Sixteen bytes as a UUID; the nil one for anything else, so that a malformed event can still be parked.
fn uuid(bytes: &[u8]) -> Uuid {
    Uuid::from_slice(bytes).unwrap_or_default()
}
