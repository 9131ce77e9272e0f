//! What the connector brings.

use std::collections::HashSet;

use api::connector::v1::channel_event::Event;
use api::connector::v1::{ChannelEvent, IncomingMessage, PublishOutcome, PublishResult};

use super::book::Book;

/// Events in a call at most.
const MOST: usize = 500;

/// The longest id of an event, a chat or a thread, in bytes.
const LONGEST_ID: usize = 200;

impl Book {
    /// Notes what is wrong with a batch as a whole, and that it is under way.
    pub fn publishing(&mut self, events: &[ChannelEvent]) {
        self.publishes += 1;
        if events.is_empty() || events.len() > MOST {
            self.offence(format!(
                "Publish with {} events; 1 to 500 are taken",
                events.len()
            ));
        }
        let chats: HashSet<String> = events
            .iter()
            .map(|it| it.external_chat_id.clone())
            .collect();
        let twice = self
            .publishing
            .iter()
            .find_map(|other| other.intersection(&chats).next());
        if let Some(chat) = twice.cloned() {
            self.offence(format!(
                "events of the chat {chat:?} came in two calls at the same time: their order is left to chance"
            ));
        }
        self.publishing.push(chats);
    }

    /// A call of Publish is answered.
    pub fn published(&mut self, events: &[ChannelEvent]) {
        let chats: HashSet<String> = events
            .iter()
            .map(|it| it.external_chat_id.clone())
            .collect();
        if let Some(place) = self.publishing.iter().position(|it| *it == chats) {
            self.publishing.remove(place);
        }
    }

    /// Notes what is wrong with events, whether they are stored or not.
    pub fn note(&mut self, events: &[ChannelEvent]) {
        for event in events {
            for what in misfits(event) {
                self.offence(format!("event {:?}: {what}", event.external_event_id));
            }
            let (first, times) = self
                .brought
                .entry(event.external_event_id.clone())
                .or_insert_with(|| (event.clone(), 0));
            *times += 1;
            if first.external_chat_id != event.external_chat_id || text(first) != text(event) {
                self.offence(format!(
                    "the id {:?} stood for two events: {:?} and {:?}",
                    event.external_event_id,
                    text(&self.brought[&event.external_event_id].0),
                    text(event)
                ));
            }
        }
    }

    /// Stores what can be stored.
    pub fn store(&mut self, events: &[ChannelEvent]) -> Vec<PublishResult> {
        events.iter().map(|event| self.store_one(event)).collect()
    }

    fn store_one(&mut self, event: &ChannelEvent) -> PublishResult {
        if event.connection_id != self.connection.id {
            self.offence(format!(
                "an event for the connection {:?}, which nobody told it of",
                event.connection_id
            ));
            return refused("CONNECTION_NOT_FOUND");
        }
        if !self.connection.enabled {
            self.offence("an event for a connection that is switched off");
            return refused("CONNECTION_DISABLED");
        }
        if !misfits(event).is_empty() {
            return refused("FIELD_INVALID");
        }
        let is_refused =
            !self.faults.refuse_text.is_empty() && text(event) == self.faults.refuse_text;
        if is_refused {
            return refused("FIELD_INVALID");
        }
        if let Some(first) = self.stored.get(&event.external_event_id) {
            return PublishResult {
                outcome: PublishOutcome::Duplicate.into(),
                ..first.clone()
            };
        }
        let Some(stored) = self.take_in(event) else {
            return refused("CHAT_NOT_FOUND");
        };
        self.events.push(event.clone());
        self.stored
            .insert(event.external_event_id.clone(), stored.clone());
        stored
    }
}

fn refused(reason: &str) -> PublishResult {
    PublishResult {
        outcome: PublishOutcome::Refused.into(),
        reason: reason.to_owned(),
        reason_text: "The hub refuses this event for good.".to_owned(),
        ..PublishResult::default()
    }
}

/// The text of a message; empty for everything else.
pub fn text(event: &ChannelEvent) -> &str {
    message(event).map(|it| &it.text[..]).unwrap_or_default()
}

/// The message of an event.
pub fn message(event: &ChannelEvent) -> Option<&IncomingMessage> {
    match &event.event {
        Some(Event::Message(message)) => Some(message),
        _ => None,
    }
}

fn misfits(event: &ChannelEvent) -> Vec<String> {
    let mut misfits = Vec::new();
    for (name, id) in [
        ("external_event_id", &event.external_event_id),
        ("external_chat_id", &event.external_chat_id),
    ] {
        if id.is_empty() || id.len() > LONGEST_ID {
            misfits.push(format!("{name} has {} bytes; 1 to 200 are taken", id.len()));
        }
    }
    match &event.event {
        None => misfits.push("it says nothing".to_owned()),
        Some(Event::Message(message)) => {
            let is_empty = message.text.trim().is_empty()
                && message.unsupported_kind.is_empty()
                && message.media.is_empty()
                && message.cart.is_none();
            if is_empty {
                misfits.push("a message without anything in it".to_owned());
            }
            if message.text.chars().count() > 16_384 {
                misfits.push("a text of more than 16,384 characters".to_owned());
            }
        }
        Some(_) => {}
    }
    misfits
}
