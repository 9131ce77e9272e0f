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

use super::channel_event::{Checked, check};
use super::{Hub, channel_media, enter};
use crate::ingest::{Ingest, Item, Outcome, Stored};

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
        results: batch.submit(&hub.ingest).await?,
    })
}

/// A batch, checked: what can be stored, and why the rest cannot.
#[derive(Debug)]
pub struct Batch {
    items: Vec<Item>,
    /// One for each event, in order; `None` for those in `items`.
    refused: Vec<Option<Refusal>>,
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
            refused: Vec::with_capacity(checked.len()),
        };
        for event in checked {
            let item = event.and_then(|event| {
                let connection = connections.get(&event.connection).map(Arc::clone);
                item(connector, event, connection)
            });
            batch
                .refused
                .push(item.map(|item| batch.items.push(item)).err());
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
            let waiting = self.refused.iter_mut().filter(|refused| refused.is_none());
            if let Some(slot) = waiting.skip(place).take(1).next() {
                *slot = Some(refusal);
            }
        }
    }

    /// The chats in which it stores something.
    pub fn chats(&self) -> HashSet<(ConnectionId, String)> {
        self.items
            .iter()
            .map(|item| (item.connection.id, item.chat.clone()))
            .collect()
    }

    /// Stores what can be stored; the answers are in the order of the events.
    pub async fn submit(self, ingest: &Ingest) -> Result<Vec<PublishResult>, Refusal> {
        let mut outcomes = match self.items.is_empty() {
            true => Vec::new(),
            false => ingest.submit(self.items).await,
        }
        .into_iter();
        let answer = |refused: Option<Refusal>| match refused {
            Some(refusal) => Ok(refusal_result(&refusal)),
            None => result(outcomes.next()),
        };
        self.refused.into_iter().map(answer).collect()
    }
}

/// The event, if its connection is there, the connector's, and on.
fn item(
    connector: &ConnectorScope,
    event: Checked,
    connection: Option<Arc<crate::domain::connection::Connection>>,
) -> Result<Item, Refusal> {
    let known = connection.and_then(|connection| enter(connector, connection));
    let (connection, _) = known.ok_or_else(|| Refusal::connection_not_found(event.connection))?;
    if !connection.enabled {
        return Err(Refusal::connection_disabled(event.connection));
    }
    let Checked {
        event_id,
        chat,
        thread,
        group,
        event_time,
        kind,
        ..
    } = event;
    Ok(Item {
        connection,
        event_id,
        chat,
        thread,
        group,
        event_time,
        kind,
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
