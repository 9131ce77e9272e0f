//! Publish: one bad event does not spoil its neighbours, one failure of the database is everybody's. What is refused for good is kept
//! ([`quarantine`]).

use std::collections::HashSet;
use std::sync::Arc;

use api::connector::v1::{
    ChannelEvent, PublishOutcome, PublishRequest, PublishResponse, PublishResult,
};
use api::error::v1::ErrorReason;
use auth::{AccountScope, Caller, ConnectorScope};
use kit::Refusal;
use kit::time::to_proto;
use prost::Message as _;
use tonic::{Code, Request};
use types::ConnectionId;

use super::channel_event::{Checked, What, check};
use super::{Hub, channel_media, enter, happen, quarantine};
use crate::domain::connection::Connection;
use crate::domain::quarantine::Cause;
use crate::ingest::{Item, ItemKind, Outcome, Stored};

/// Events in a batch at most.
const MOST: usize = 500;

pub(super) async fn publish(
    hub: &Hub,
    request: Request<PublishRequest>,
) -> Result<PublishResponse, Refusal> {
    let caller = Caller::of(&request)?;
    let PublishRequest {
        connector_key,
        events,
    } = request.into_inner();
    let connector = caller.connector(&connector_key)?;
    let batch = Batch::prepare(hub, &connector, events).await?;
    Ok(PublishResponse {
        results: batch.submit(hub).await?,
    })
}

/// A batch, checked: what can be stored, and why the rest cannot.
#[derive(Debug)]
pub struct Batch {
    connector: ConnectorScope,
    /// The events as they came, encoded.
    originals: Vec<Vec<u8>>,
    items: Vec<Item>,
    /// One for each event, in order.
    slots: Vec<Slot>,
}

/// What is to become of an event.
#[derive(Debug)]
enum Slot {
    /// It is the next one of the items.
    Item,
    /// It is rare, and comes after what was before it.
    Happening(Box<happen::Event>),
    /// Nothing.
    Refused(Refusal),
}

impl Batch {
    /// Checks the events and looks their connections up.
    pub async fn prepare(
        hub: &Hub,
        connector: &ConnectorScope,
        events: Vec<ChannelEvent>,
    ) -> Result<Self, Refusal> {
        if events.is_empty() {
            return Err(Refusal::field("events", "must have 1 to 500 events"));
        }
        if events.len() > MOST {
            return Err(Refusal::too_large(MOST));
        }
        let originals = events.iter().map(ChannelEvent::encode_to_vec).collect();
        let checked: Vec<Result<Checked, Refusal>> = events.into_iter().map(check).collect();
        let ids: HashSet<ConnectionId> = checked
            .iter()
            .flatten()
            .map(|event| event.connection)
            .collect();
        let connections = hub.directory.find(&Vec::from_iter(ids)).await?;
        let mut batch = Self {
            connector: connector.clone(),
            originals,
            items: Vec::with_capacity(checked.len()),
            slots: Vec::with_capacity(checked.len()),
        };
        for event in checked {
            let known = event.and_then(|event| {
                let connection = connections.get(&event.connection).map(Arc::clone);
                known(
                    event,
                    connection.and_then(|connection| enter(connector, connection)),
                )
            });
            batch.slots.push(match known {
                Ok(Known::Item(item)) => {
                    batch.items.push(item);
                    Slot::Item
                }
                Ok(Known::Happening(event)) => Slot::Happening(event),
                Err(refusal) => Slot::Refused(refusal),
            });
        }
        let unknown = channel_media::look_up(hub, &mut batch.items).await?;
        batch.refuse(unknown);
        Ok(batch)
    }

    /// Takes items out again, by their places.
    fn refuse(&mut self, items: Vec<(usize, Refusal)>) {
        // From the last one on, so that the places of those before stay right.
        for (place, refusal) in items.into_iter().rev() {
            self.items.remove(place);
            let waiting = self.slots.iter_mut().filter(|it| matches!(it, Slot::Item));
            if let Some(slot) = waiting.skip(place).take(1).next() {
                *slot = Slot::Refused(refusal);
            }
        }
    }

    /// The chats in which it stores or keeps something.
    pub fn chats(&self) -> HashSet<(ConnectionId, String)> {
        let slots = self.slots.iter().zip(&self.originals);
        let happening = slots.filter_map(|(slot, original)| match slot {
            Slot::Happening(event) => Some(event.chat()),
            Slot::Refused(_) => chat_of(original),
            Slot::Item => None,
        });
        let items = self.items.iter();
        let items = items.map(|item| (item.connection.id, item.chat.clone()));
        items.chain(happening).collect()
    }

    /// Stores what can be stored; the answers are in the order of the events.
    pub async fn submit(self, hub: &Hub) -> Result<Vec<PublishResult>, Refusal> {
        let mut answers = Answers::new(self.slots.len());
        let mut items = self.items.into_iter();
        // What is stored together, with its places among the answers.
        let mut run: Vec<(usize, Item)> = Vec::new();
        for (place, slot) in self.slots.into_iter().enumerate() {
            match slot {
                Slot::Item => run.extend(items.next().map(|item| (place, item))),
                Slot::Refused(refusal) => answers.refuse(place, &refusal),
                Slot::Happening(event) => {
                    store(hub, &mut run, &mut answers).await?;
                    answers.put(place, Some(happen::happen(hub, *event).await))?;
                }
            }
        }
        store(hub, &mut run, &mut answers).await?;
        let Answers {
            mut results,
            refused,
        } = answers;
        quarantine::keep(hub, &self.connector, &self.originals, refused, &mut results).await?;
        Ok(results)
    }
}

/// Stores one event of a connection that is known to be the account's; the answer, and the cause where it was refused again.
pub(crate) async fn take_again(
    hub: &Hub,
    scope: AccountScope,
    connection: Arc<Connection>,
    event: ChannelEvent,
) -> Result<(PublishResult, Option<Cause>), Refusal> {
    let mut answers = Answers::new(1);
    match check(event).and_then(|event| known(event, Some((connection, scope)))) {
        Err(refusal) => answers.refuse(0, &refusal),
        Ok(Known::Happening(event)) => answers.put(0, Some(happen::happen(hub, *event).await))?,
        Ok(Known::Item(item)) => {
            let mut items = vec![item];
            match channel_media::look_up(hub, &mut items).await?.pop() {
                Some((_, refusal)) => answers.refuse(0, &refusal),
                None => answers.put(0, hub.ingest.submit(items).await.pop())?,
            }
        }
    }
    let cause = answers.refused.pop().map(|refused| refused.cause);
    Ok((answers.results.swap_remove(0), cause))
}

/// The chat of an event as it came.
fn chat_of(original: &[u8]) -> Option<(ConnectionId, String)> {
    let event = ChannelEvent::decode(original).ok()?;
    Some((event.connection_id.parse().ok()?, event.external_chat_id))
}

/// The answers as they come about.
struct Answers {
    /// One for each event, in order.
    results: Vec<PublishResult>,
    /// What was refused.
    refused: Vec<Refused>,
}

/// An event that was refused.
pub struct Refused {
    /// Its place in the batch.
    pub place: usize,
    /// Why.
    pub reason: ErrorReason,
    /// Why, as it is kept.
    pub cause: Cause,
}

impl Answers {
    fn new(count: usize) -> Self {
        Self {
            results: vec![PublishResult::default(); count],
            refused: Vec::new(),
        }
    }

    fn refuse(&mut self, place: usize, refusal: &Refusal) {
        let details = details(refusal);
        self.results[place] = refusal_result(refusal, &details);
        let cause = Cause {
            reason: refusal.reason_name().to_owned(),
            details,
        };
        let reason = refusal.reason();
        self.refused.push(Refused {
            place,
            reason,
            cause,
        });
    }

    /// What became of an event.
    fn put(&mut self, place: usize, outcome: Option<Outcome>) -> Result<(), Refusal> {
        self.results[place] = match outcome {
            Some(Outcome::Accepted(stored)) => stored_result(PublishOutcome::Accepted, &stored),
            Some(Outcome::Duplicate(stored)) => stored_result(PublishOutcome::Duplicate, &stored),
            // What may succeed when repeated is no final word on the event.
            Some(Outcome::Refused(refusal))
                if kit::refusal::code(refusal.reason()) == Code::Unavailable =>
            {
                return Err(Refusal::shutting_down());
            }
            Some(Outcome::Refused(refusal)) => {
                self.refuse(place, &refusal);
                return Ok(());
            }
            Some(Outcome::Failed(error)) => {
                let cause = anyhow::anyhow!("events were not stored: {error}");
                return Err(Refusal::store_unavailable(cause));
            }
            None => {
                let cause = anyhow::anyhow!("an event got no answer");
                return Err(Refusal::internal(cause));
            }
        };
        Ok(())
    }
}

/// Stores a run of items together.
async fn store(
    hub: &Hub,
    run: &mut Vec<(usize, Item)>,
    answers: &mut Answers,
) -> Result<(), Refusal> {
    if run.is_empty() {
        return Ok(());
    }
    let (places, items): (Vec<usize>, Vec<Item>) = run.drain(..).unzip();
    let mut outcomes = hub.ingest.submit(items).await.into_iter();
    for place in places {
        answers.put(place, outcomes.next())?;
    }
    Ok(())
}

/// An event whose connection is known.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all events are items: a box would be paid for by every message"
)]
enum Known {
    Item(Item),
    Happening(Box<happen::Event>),
}

/// The event, if its connection is there, the caller's, and on.
fn known(
    event: Checked,
    connection: Option<(Arc<Connection>, AccountScope)>,
) -> Result<Known, Refusal> {
    let (connection, scope) =
        connection.ok_or_else(|| Refusal::connection_not_found(event.connection))?;
    if !connection.enabled {
        return Err(Refusal::connection_disabled(event.connection));
    }
    let item = |kind: ItemKind| Item {
        connection,
        event_id: event.event_id,
        chat: event.chat,
        thread: event.thread,
        group: event.group,
        event_time: event.event_time,
        imported: event.imported,
        kind,
    };
    Ok(match event.what {
        What::Item(kind) => Known::Item(item(kind)),
        What::Happening(what) => Known::Happening(Box::new(happen::Event::new(scope, what, item))),
    })
}

fn stored_result(outcome: PublishOutcome, stored: &Stored) -> PublishResult {
    PublishResult {
        outcome: outcome.into(),
        conversation_id: stored.conversation.to_string(),
        conversation_number: stored.number,
        message_id: stored
            .message
            .map(|message| message.to_string())
            .unwrap_or_default(),
        seq: stored.seq,
        create_time: Some(to_proto(stored.create_time)),
        ..PublishResult::default()
    }
}

/// Which fields do not fit.
fn details(refusal: &Refusal) -> String {
    let fields = refusal.violations().iter();
    let fields = fields.map(|it| format!("{} {}", it.field, it.description));
    fields.collect::<Vec<_>>().join("; ")
}

fn refusal_result(refusal: &Refusal, details: &str) -> PublishResult {
    PublishResult {
        outcome: PublishOutcome::Refused.into(),
        reason: refusal.reason_name().to_owned(),
        reason_text: explained(refusal.text(kit::language::current()), details),
        ..PublishResult::default()
    }
}

/// A text for a person, with the fields that do not fit.
pub(crate) fn explained(text: &str, details: &str) -> String {
    if details.is_empty() {
        text.to_owned()
    } else {
        format!("{text} {details}.")
    }
}
