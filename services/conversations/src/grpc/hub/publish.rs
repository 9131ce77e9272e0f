//! Publish: one bad event does not spoil its neighbours, one failure of the database is everybody's.

use std::collections::HashSet;
use std::sync::Arc;

use api::connector::v1::{
    ChannelEvent, PublishOutcome, PublishRequest, PublishResponse, PublishResult,
};
use auth::{Caller, ConnectorScope};
use kit::Refusal;
use kit::time::to_proto;
use tonic::{Code, Request};
use types::ConnectionId;

use super::channel_event::{Checked, What, check};
use super::{Hub, channel_media, enter, happen};
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
        let checked: Vec<Result<Checked, Refusal>> = events.into_iter().map(check).collect();
        let ids: HashSet<ConnectionId> = checked
            .iter()
            .flatten()
            .map(|event| event.connection)
            .collect();
        let connections = hub.directory.find(&Vec::from_iter(ids)).await?;
        let mut batch = Self {
            items: Vec::with_capacity(checked.len()),
            slots: Vec::with_capacity(checked.len()),
        };
        for event in checked {
            let known = event.and_then(|event| {
                let connection = connections.get(&event.connection).map(Arc::clone);
                known(connector, event, connection)
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

    /// The chats in which it stores something.
    pub fn chats(&self) -> HashSet<(ConnectionId, String)> {
        let happening = self.slots.iter().filter_map(|slot| match slot {
            Slot::Happening(event) => Some(event.chat()),
            Slot::Item | Slot::Refused(_) => None,
        });
        let items = self.items.iter();
        let items = items.map(|item| (item.connection.id, item.chat.clone()));
        items.chain(happening).collect()
    }

    /// Stores what can be stored; the answers are in the order of the events.
    pub async fn submit(self, hub: &Hub) -> Result<Vec<PublishResult>, Refusal> {
        let mut answers = vec![PublishResult::default(); self.slots.len()];
        let mut items = self.items.into_iter();
        // What is stored together, with its places among the answers.
        let mut run: Vec<(usize, Item)> = Vec::new();
        for (place, slot) in self.slots.into_iter().enumerate() {
            match slot {
                Slot::Item => run.extend(items.next().map(|item| (place, item))),
                Slot::Refused(refusal) => answers[place] = refusal_result(&refusal),
                Slot::Happening(event) => {
                    store(hub, &mut run, &mut answers).await?;
                    answers[place] = result(Some(happen::happen(hub, *event).await))?;
                }
            }
        }
        store(hub, &mut run, &mut answers).await?;
        Ok(answers)
    }
}

/// Stores a run of items together.
async fn store(
    hub: &Hub,
    run: &mut Vec<(usize, Item)>,
    answers: &mut [PublishResult],
) -> Result<(), Refusal> {
    if run.is_empty() {
        return Ok(());
    }
    let (places, items): (Vec<usize>, Vec<Item>) = run.drain(..).unzip();
    let mut outcomes = hub.ingest.submit(items).await.into_iter();
    for place in places {
        answers[place] = result(outcomes.next())?;
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

/// The event, if its connection is there, the connector's, and on.
fn known(
    connector: &ConnectorScope,
    event: Checked,
    connection: Option<Arc<crate::domain::connection::Connection>>,
) -> Result<Known, Refusal> {
    let known = connection.and_then(|connection| enter(connector, connection));
    let (connection, scope) =
        known.ok_or_else(|| Refusal::connection_not_found(event.connection))?;
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
        kind,
    };
    Ok(match event.what {
        What::Item(kind) => Known::Item(item(kind)),
        What::Happening(what) => Known::Happening(Box::new(happen::Event::new(scope, what, item))),
    })
}

fn result(outcome: Option<Outcome>) -> Result<PublishResult, Refusal> {
    match outcome {
        Some(Outcome::Accepted(stored)) => Ok(stored_result(PublishOutcome::Accepted, &stored)),
        Some(Outcome::Duplicate(stored)) => Ok(stored_result(PublishOutcome::Duplicate, &stored)),
        // What may succeed when repeated is no final word on the event.
        Some(Outcome::Refused(refusal))
            if kit::refusal::code(refusal.reason()) == Code::Unavailable =>
        {
            Err(Refusal::shutting_down())
        }
        Some(Outcome::Refused(refusal)) => Ok(refusal_result(&refusal)),
        Some(Outcome::Failed(error)) => Err(Refusal::store_unavailable(anyhow::anyhow!(
            "events were not stored: {error}"
        ))),
        None => Err(Refusal::internal(anyhow::anyhow!("an event got no answer"))),
    }
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

fn refusal_result(refusal: &Refusal) -> PublishResult {
    let fields: Vec<String> = refusal
        .violations()
        .iter()
        .map(|it| format!("{} {}", it.field, it.description))
        .collect();
    let text = refusal.text(kit::language::current());
    PublishResult {
        outcome: PublishOutcome::Refused.into(),
        reason: refusal.reason_name().to_owned(),
        reason_text: if fields.is_empty() {
            text.to_owned()
        } else {
            format!("{text} {}.", fields.join("; "))
        },
        ..PublishResult::default()
    }
}
