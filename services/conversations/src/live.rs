//! Live streams: one follower of this service's events for the whole process, many subscribers.
//!
//! The follower reads every event once, decodes it once, keeps the newest of each shard in memory and hands each to the
//! subscribers of its account. A subscriber's queue is bounded: who is too slow is told to list again. A stream that
//! resumes gets what it missed from memory or from the outbox, or an honest reset.

mod counts;
mod cursor;
mod epochs;
mod follower;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use api::conversations::internal::v1::ConversationEvent;
use events::{Carrier, LocalSource, Place, SHARDS, shard_of};
use kit::lifecycle::Lifecycle;
use pg::{Db, Error, Session, SystemScope};
use prost::Message as _;
use tokio::sync::{mpsc, watch};
use types::{AccountId, ConversationId};

use crate::domain::card::Cards;
use crate::store::cards;

pub use counts::{Known, LiveCounts};
pub use cursor::Cursor;
use epochs::Epochs;

/// How many events of a shard are kept in memory for streams that resume.
const KEPT: usize = 2_048;

/// How many events may wait for one subscriber: more than the follower hands out at once, or nobody could keep up.
const QUEUE: usize = 1_024;

/// How far back a stream may resume from the outbox before listing again is cheaper for everybody.
const REPLAY: i64 = 5_000;

/// An event, decoded once for all subscribers.
#[derive(Debug)]
pub struct LiveEvent {
    /// Where it stands.
    pub place: Place,
    /// Account it happened in.
    pub account: AccountId,
    /// The event.
    pub event: ConversationEvent,
}

/// An event with the cards that decide who sees it, as they are when it is told.
#[derive(Debug)]
pub struct Told {
    /// The event.
    pub event: Arc<LiveEvent>,
    /// The conversation's cards; `None` when somebody began to listen after they were looked up: ask [`Live::cards`].
    pub cards: Option<Cards>,
}

/// What a subscriber has to know at the start.
#[derive(Debug)]
pub struct Subscription {
    /// Events after the position at which the subscription began. It ends when the subscriber was too slow.
    pub queue: mpsc::Receiver<Arc<Told>>,
    /// The position of the account's shard at which the subscription began.
    pub began: Place,
    /// The stop of the process ends the stream.
    pub stopping: tokio_util::sync::CancellationToken,
}

/// Events between a cursor and now.
#[derive(Debug)]
pub enum Missed {
    /// All of them.
    Events(Vec<Arc<Told>>),
    /// They are no longer kept, or too many.
    TooOld,
}

/// Hands events to subscribers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Live {
    db: Db,
    session: Session,
    epochs: Epochs,
    shards: Arc<Vec<Mutex<Shard>>>,
    life: Lifecycle,
}

#[derive(Debug, Default)]
struct Shard {
    /// Position of the newest event handed out.
    at: i64,
    /// The newest events, without holes.
    kept: VecDeque<Arc<LiveEvent>>,
    subscribers: HashMap<AccountId, Vec<mpsc::Sender<Arc<Told>>>>,
}

impl Live {
    /// Starts following. The streams begin at the newest position.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn start(db: Db, carrier: Carrier, life: &Lifecycle) -> Result<Self, Error> {
        let positions = events::positions(&db).await?;
        let shards = positions
            .iter()
            .map(|at| {
                Mutex::new(Shard {
                    at: *at,
                    ..Shard::default()
                })
            })
            .collect();
        let live = Self {
            session: db.session(SystemScope::for_job("cards of live events")),
            epochs: Epochs::start(&db, life),
            db: db.clone(),
            shards: Arc::new(shards),
            life: life.clone(),
        };
        follower::spawn(
            live.clone(),
            carrier,
            Arc::new(LocalSource(db)),
            positions,
            life,
        );
        Ok(live)
    }

    /// Begins to listen to an account.
    #[must_use]
    pub fn subscribe(&self, account: AccountId) -> Subscription {
        let (sender, queue) = mpsc::channel(QUEUE);
        let number = shard_of(account);
        let position = self.with_shard(number, |shard| {
            let listening = shard.subscribers.entry(account).or_default();
            listening.retain(|sender| !sender.is_closed());
            listening.push(sender);
            shard.at
        });
        Subscription {
            queue,
            began: Place {
                shard: number,
                position,
            },
            stopping: self.stopping(),
        }
    }

    /// Ends when the process stops.
    #[must_use]
    pub fn stopping(&self) -> tokio_util::sync::CancellationToken {
        self.life.stopping()
    }

    /// Tells when the rights of an account are newer than those of `epoch`.
    #[must_use]
    pub fn rights(&self, account: AccountId, epoch: i64) -> watch::Receiver<i64> {
        self.epochs.subscribe(account, epoch)
    }

    /// The newest position of an account's shard that was handed out.
    #[must_use]
    pub fn position(&self, account: AccountId) -> Place {
        let shard = shard_of(account);
        Place {
            shard,
            position: self.with_shard(shard, |shard| shard.at),
        }
    }

    /// The account's events after `after` up to `until`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn missed(
        &self,
        account: AccountId,
        after: Place,
        until: Place,
    ) -> Result<Missed, Error> {
        if after.position >= until.position {
            return Ok(Missed::Events(Vec::new()));
        }
        let events = match self.read_memory(account, after, until) {
            Some(events) => events,
            None if until.position - after.position > REPLAY => return Ok(Missed::TooOld),
            None => match self.read_outbox(account, after, until).await? {
                Some(events) => events,
                None => return Ok(Missed::TooOld),
            },
        };
        Ok(Missed::Events(self.with_cards(events).await?))
    }

    /// Adds the cards, as they are now.
    async fn with_cards(&self, events: Vec<Arc<LiveEvent>>) -> Result<Vec<Arc<Told>>, Error> {
        let wanted: HashSet<_> = events.iter().filter_map(|event| subject(event)).collect();
        let wanted: Vec<_> = wanted.into_iter().collect();
        let found = self
            .session
            .run(move |connection| {
                let wanted = wanted.clone();
                Box::pin(async move { cards::of_conversations(connection, &wanted).await })
            })
            .await?;
        let told = events.into_iter().map(|event| {
            let cards = subject(&event).and_then(|(_, id)| found.get(&id).cloned());
            Arc::new(Told {
                event,
                cards: Some(cards.unwrap_or_default()),
            })
        });
        Ok(told.collect())
    }

    fn read_memory(
        &self,
        account: AccountId,
        after: Place,
        until: Place,
    ) -> Option<Vec<Arc<LiveEvent>>> {
        self.with_shard(after.shard, |shard| {
            let oldest = shard.kept.front()?.place.position;
            let within = |event: &&Arc<LiveEvent>| {
                event.place.position > after.position && event.place.position <= until.position
            };
            (oldest <= after.position + 1).then(|| {
                shard
                    .kept
                    .iter()
                    .filter(within)
                    .filter(|event| event.account == account)
                    .cloned()
                    .collect()
            })
        })
    }

    async fn read_outbox(
        &self,
        account: AccountId,
        after: Place,
        until: Place,
    ) -> Result<Option<Vec<Arc<LiveEvent>>>, Error> {
        let mut events = Vec::new();
        let mut at = after;
        while at.position < until.position {
            let page = events::read(&self.db, &[at], 500).await?;
            let Some(first) = page.first() else { break };
            if first.position != at.position + 1 {
                return Ok(None);
            }
            at.position = page.last().map_or(at.position, |event| event.position);
            let decoded = page
                .iter()
                .filter(|event| event.position <= until.position)
                .filter_map(decode);
            events.extend(
                decoded
                    .filter(|event| event.account == account)
                    .map(Arc::new),
            );
        }
        Ok(Some(events))
    }

    /// Does anybody listen to the account?
    fn is_heard(&self, account: AccountId) -> bool {
        self.with_shard(shard_of(account), |shard| {
            shard.subscribers.contains_key(&account)
        })
    }

    /// The cards of an event's conversation, as they are now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cards(&self, event: &Arc<LiveEvent>) -> Result<Cards, Error> {
        let told = self.with_cards(vec![Arc::clone(event)]).await?;
        let cards = told.first().and_then(|told| told.cards.clone());
        Ok(cards.unwrap_or_default())
    }

    /// Hands an event to the subscribers of its account.
    fn hand_out(&self, event: &Arc<LiveEvent>, told: Option<&Arc<Told>>) {
        let told = told.map_or_else(
            || {
                Arc::new(Told {
                    event: Arc::clone(event),
                    cards: None,
                })
            },
            Arc::clone,
        );
        self.with_shard(event.place.shard, |shard| {
            shard.at = event.place.position;
            if shard.kept.len() == KEPT {
                shard.kept.pop_front();
            }
            shard.kept.push_back(Arc::clone(event));
            let Some(listening) = shard.subscribers.get_mut(&event.account) else {
                return;
            };
            // A full queue means a slow reader: its stream ends with a reset. A closed one has gone.
            listening.retain(|sender| sender.try_send(Arc::clone(&told)).is_ok());
            if listening.is_empty() {
                shard.subscribers.remove(&event.account);
            }
        });
    }

    /// The follower lost events that are no longer kept: nobody can be told what they were.
    fn lose(&self, number: u16, position: i64) {
        self.with_shard(number, |shard| {
            shard.at = position;
            shard.kept.clear();
            shard.subscribers.clear();
        });
    }

    fn with_shard<T>(&self, number: u16, action: impl FnOnce(&mut Shard) -> T) -> T {
        let slot = usize::from(number % SHARDS);
        action(
            &mut self.shards[slot]
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

/// The conversation that an event is about.
fn subject(event: &LiveEvent) -> Option<(AccountId, ConversationId)> {
    let conversation = event.event.conversation.as_ref()?;
    Some((event.account, conversation.id.parse().ok()?))
}

/// A carried event; `None` for what this version does not understand.
fn decode(event: &events::Event) -> Option<LiveEvent> {
    let account = uuid::Uuid::from_slice(&event.account_id).ok()?;
    Some(LiveEvent {
        place: Place {
            shard: u16::try_from(event.shard).ok()?,
            position: event.position,
        },
        account: account.into(),
        event: ConversationEvent::decode(&event.payload[..]).ok()?,
    })
}
