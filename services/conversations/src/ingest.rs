//! The hot path: what clients write becomes messages of conversations.
//!
//! Concurrent calls are coalesced. Each lane stores one batch at a time and takes into the next one whatever has queued up
//! meanwhile, so a lone call waits for nobody and a flood is stored in large sets. A lane has its own accounts: two lanes
//! never wait for one another's rows, and the calls of an account keep their order.
//!
//! A batch is decided on rows that nobody locked, remembered from the batch before or read, and written by one statement
//! that does nothing when something has changed in between; then it is read again (docs/decisions/0008). One round trip
//! or two, whatever its size.

mod batch;
mod blocked;
mod gather;
mod known;
mod memory;
mod plan;
mod reads;
mod rich;
mod write;

use std::sync::Arc;
use std::time::Instant;

use kit::Refusal;
use kit::lifecycle::Lifecycle;
use pg::{Db, Error, Session, SystemScope};
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};
use types::{Clock, ConversationId, MessageId};

use self::gather::Gather;
use self::memory::Memory;
use crate::after_commit::AfterCommit;
use crate::domain::attachment::Attachment;
use crate::domain::cart::Cart;
use crate::domain::connection::Connection;
use crate::domain::message::AuthorKind;

/// How much is coalesced, and how wide.
#[derive(Debug, Clone)]
pub struct IngestConfig {
    /// Lanes. More than there are cores for PostgreSQL gain nothing.
    pub lanes: usize,
    /// Events in one transaction at most.
    pub batch: usize,
    /// Calls that may wait in one lane; more wait outside of it.
    pub queue: usize,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            lanes: 4,
            batch: 500,
            queue: 1_000,
        }
    }
}

/// Something that happened in a channel, checked.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its connection, enabled.
    pub connection: Arc<Connection>,
    /// The channel's id of the event.
    pub event_id: String,
    /// The channel's id of the chat.
    pub chat: String,
    /// The channel's id of the thread; empty without one.
    pub thread: String,
    /// Is the chat a group?
    pub group: bool,
    /// When the channel says it happened.
    pub event_time: Option<OffsetDateTime>,
    /// Who wrote the old message that an import brings without noise; `None` for what happens now.
    pub imported: Option<AuthorKind>,
    /// What happened.
    pub kind: ItemKind,
}

impl Item {
    /// Does it bring files?
    fn has_files(&self) -> bool {
        matches!(&self.kind, ItemKind::Message { files, .. } if !files.is_empty())
    }
}

/// What happened in a channel.
#[derive(Debug, Clone)]
pub enum ItemKind {
    /// The client wrote.
    Message {
        /// Text.
        text: String,
        /// The client's name; empty when unknown.
        sender_name: String,
        /// The channel's word for content that cannot be carried; empty otherwise.
        unsupported_kind: String,
        /// Facts of the request.
        facts: Vec<(String, String)>,
        /// Files, in their order.
        files: Vec<Arriving>,
        /// The basket.
        cart: Option<Cart>,
    },
    /// The client finished the conversation.
    Finished,
    /// The client has seen messages up to a place.
    Read {
        /// Place of the newest one seen.
        seq: i64,
    },
}

/// A file that comes with a message.
#[derive(Debug, Clone)]
pub struct Arriving {
    /// The file.
    pub file: Attachment,
    /// Where its contents are.
    pub origin: Origin,
}

/// Where the contents of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Still in the channel, at this address.
    Address(String),
    /// Here already.
    Uploaded {
        /// It came with another message, or with this very one before.
        is_used: bool,
    },
}

/// What is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its number.
    pub number: i64,
    /// The message, where there is one.
    pub message: Option<MessageId>,
    /// Its place in the chat; 0 where there is none.
    pub seq: i64,
    /// When it was stored.
    pub create_time: OffsetDateTime,
}

/// What became of an item.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Stored now.
    Accepted(Stored),
    /// Stored before.
    Duplicate(Stored),
    /// Not stored; repeating it changes nothing.
    Refused(Arc<Refusal>),
    /// Nothing is known of it: repeat it.
    Failed(Arc<Error>),
}

/// Takes items in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ingest {
    lanes: Arc<[mpsc::Sender<Job>]>,
}

#[derive(Debug)]
struct Job {
    items: Vec<Item>,
    reply: oneshot::Sender<Vec<Outcome>>,
    queued: Instant,
}

impl Ingest {
    /// Starts the lanes.
    #[must_use]
    pub fn new(
        config: &IngestConfig,
        db: &Db,
        clock: &Clock,
        after: &AfterCommit,
        life: &Lifecycle,
    ) -> Self {
        let lanes = (0..config.lanes.max(1)).map(|_| {
            let (jobs, queue) = mpsc::channel(config.queue);
            let lane = Lane {
                session: db.session(SystemScope::for_job("ingest")),
                memory: Arc::default(),
                clock: clock.clone(),
                after: after.clone(),
                batch: config.batch,
            };
            life.spawn("ingest lane", lane.run(queue));
            jobs
        });
        Self {
            lanes: lanes.collect(),
        }
    }

    /// Stores items; the outcomes are in their order. It returns after the commit.
    pub async fn submit(&self, items: Vec<Item>) -> Vec<Outcome> {
        let count = items.len();
        let mut parts: Vec<(Vec<usize>, Vec<Item>)> = vec![Default::default(); self.lanes.len()];
        for (place, item) in items.into_iter().enumerate() {
            let lane = usize::from(events::shard_of(item.connection.account)) % self.lanes.len();
            parts[lane].0.push(place);
            parts[lane].1.push(item);
        }
        let mut waiting = Vec::new();
        for (lane, (places, items)) in self.lanes.iter().zip(parts) {
            if !items.is_empty() {
                let (reply, outcomes) = oneshot::channel();
                // A closed lane drops the reply, which is noticed below.
                let _ = lane
                    .send(Job {
                        items,
                        reply,
                        queued: Instant::now(),
                    })
                    .await;
                waiting.push((places, outcomes));
            }
        }
        let mut results = vec![Outcome::Refused(Arc::new(Refusal::shutting_down())); count];
        for (places, outcomes) in waiting {
            for (place, outcome) in places.into_iter().zip(outcomes.await.unwrap_or_default()) {
                results[place] = outcome;
            }
        }
        results
    }
}

struct Lane {
    session: Session,
    memory: Arc<Memory>,
    clock: Clock,
    after: AfterCommit,
    batch: usize,
}

impl Lane {
    /// Ends when every [`Ingest`] is gone, so that what was taken in before a shutdown is stored.
    async fn run(self, mut queue: mpsc::Receiver<Job>) {
        let (mut jobs, mut gather) = (Vec::new(), Gather::default());
        while queue.recv_many(&mut jobs, self.batch).await > 0 {
            gather.fill(&mut queue, &mut jobs).await;
            while !jobs.is_empty() {
                let count = fitting(&jobs, self.batch);
                self.store(jobs.drain(..count).collect()).await;
                gather.served(count, jobs.len() + queue.len());
            }
        }
    }

    async fn store(&self, jobs: Vec<Job>) {
        let items: Arc<Vec<Item>> = Arc::new(
            jobs.iter()
                .flat_map(|job| job.items.iter().cloned())
                .collect(),
        );
        metrics::histogram!("beseda_ingest_batch_size").record(items.len() as f64);
        let mut outcomes = self.store_items(&items).await.into_iter();
        for job in jobs {
            metrics::histogram!("beseda_ingest_seconds").record(job.queued.elapsed());
            // A caller that went away does not need the answer; its items are stored all the same.
            let _ = job
                .reply
                .send(outcomes.by_ref().take(job.items.len()).collect());
        }
    }

    /// Stores all items together; where the database refuses the set for a reason of its data, one by one.
    async fn store_items(&self, items: &Arc<Vec<Item>>) -> Vec<Outcome> {
        match self.transaction(items).await {
            Ok(outcomes) => outcomes,
            // Nothing is wrong with the items: whoever brought them repeats them, in their order.
            Err(error) if is_passing(&error) => fail(items.len(), error),
            Err(error) if items.len() == 1 => {
                tracing::error!(
                    error = format!("{:#}", anyhow::Error::from(error)),
                    "an event of a channel could not be stored"
                );
                vec![Outcome::Refused(Arc::new(Refusal::internal(
                    anyhow::anyhow!("the event could not be stored"),
                )))]
            }
            Err(error) => {
                tracing::warn!(
                    error = format!("{:#}", anyhow::Error::from(error)),
                    items = items.len(),
                    "a batch was refused; its events are stored one by one"
                );
                self.one_by_one(items).await
            }
        }
    }

    /// Stores items each in a transaction of its own. Once the database fails, the rest fail as well: a later item must not
    /// overtake an earlier one of its chat.
    async fn one_by_one(&self, items: &[Item]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(items.len());
        for item in items {
            let outcome = Box::pin(self.store_items(&Arc::new(vec![item.clone()]))).await;
            if let [Outcome::Failed(error)] = &outcome[..] {
                let left = items.len() - outcomes.len();
                outcomes.extend(vec![Outcome::Failed(Arc::clone(error)); left]);
                return outcomes;
            }
            outcomes.extend(outcome);
        }
        outcomes
    }

    /// One transaction, repeated when something changed between reading and writing: an employee wrote, another replica
    /// stored the same event.
    async fn transaction(&self, items: &Arc<Vec<Item>>) -> Result<Vec<Outcome>, Error> {
        const TRIES: usize = 10;
        let mut attempt = 1;
        loop {
            let now = self.clock.now();
            let stored = batch::store(&self.session, &self.memory, Arc::clone(items), now).await;
            match stored {
                Ok(Some(stored)) => {
                    self.after.changed(stored.touched);
                    if stored.is_rich {
                        self.after.announced();
                    }
                    return Ok(stored.outcomes);
                }
                Ok(None) if attempt < TRIES => {}
                Err(error) if attempt < TRIES && is_race(&error) => {}
                Ok(None) => return Err(Error::Serialization),
                Err(error) => return Err(error),
            }
            tracing::debug!(attempt, "a batch was overtaken; deciding it again");
            attempt += 1;
        }
    }
}

/// Keys that refuse what somebody else has made since the batch was read.
const KEYS: [&str; 5] = [
    "inbound_events_pkey",
    "chats_external_id",
    "account_numbers_pkey",
    "conversations_open",
    "conversations_number",
];

/// Has something changed since the batch was read?
fn is_race(error: &Error) -> bool {
    matches!(error, Error::Serialization) || KEYS.iter().any(|name| error.is_conflict(name))
}

/// May the same items be stored by simply trying again?
fn is_passing(error: &Error) -> bool {
    match error {
        Error::Unavailable(_) | Error::Serialization | Error::Timeout(_) => true,
        Error::Conflict { .. } => is_race(error),
        Error::Corrupt { .. } | Error::Other(_) | Error::Panicked => false,
    }
}

/// How many of the waiting jobs fit into one transaction; at least one.
fn fitting(jobs: &[Job], most: usize) -> usize {
    let mut items = 0;
    let fits = jobs.iter().take_while(|job| {
        items += job.items.len();
        items <= most
    });
    fits.count().max(1)
}

fn fail(count: usize, error: Error) -> Vec<Outcome> {
    let error = Arc::new(error);
    vec![Outcome::Failed(error); count]
}
