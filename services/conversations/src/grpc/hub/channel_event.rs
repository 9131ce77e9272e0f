//! An event of a channel, checked.
//!
//! What names things is refused when it does not fit. What a person wrote is never lost for a character that cannot be
//! shown: such characters are left out.

use api::connector::v1::channel_event::Event;
use api::connector::v1::{ChannelEvent, IncomingMessage};
use kit::Refusal;
use kit::time::from_proto;
use kit::validate::Fields;
use time::OffsetDateTime;
use types::ConnectionId;

use super::channel_media;
use crate::domain::happening::Happening;
use crate::domain::message::AuthorKind;
use crate::ingest::ItemKind;

/// Facts of one request at most.
const FACTS: usize = 30;

/// An event whose fields fit; its connection is not yet looked up.
#[derive(Debug)]
pub struct Checked {
    pub connection: ConnectionId,
    pub event_id: String,
    pub chat: String,
    pub thread: String,
    pub group: bool,
    pub event_time: Option<OffsetDateTime>,
    pub imported: Option<AuthorKind>,
    pub what: What,
}

/// What an event tells.
#[derive(Debug)]
pub enum What {
    /// What clients do all the time.
    Item(ItemKind),
    /// What happens now and then.
    Happening(Happening),
}

/// Checks every field.
pub fn check(event: ChannelEvent) -> Result<Checked, Refusal> {
    let mut fields = Fields::new();
    let connection = fields.id("connection_id", &event.connection_id);
    let event_id = fields.key("external_event_id", &event.external_event_id, 1..=200);
    let chat = fields.key("external_chat_id", &event.external_chat_id, 1..=200);
    let thread = fields.key("external_thread_id", &event.external_thread_id, 0..=200);
    let event_time = event.event_time.and_then(|time| {
        let time = from_proto(&time);
        if time.is_none() {
            fields.reject("event_time", "is no time between the years 1 and 9999");
        }
        time
    });
    let imported = imported(&mut fields, &event);
    let what = what(&mut fields, event.event);
    fields.finish()?;
    // Both are there when no field was refused.
    let (Some(connection), Some(what)) = (connection, what) else {
        return Err(Refusal::field("event", "must be given"));
    };
    Ok(Checked {
        connection,
        event_id,
        chat,
        thread,
        group: event.group_chat,
        event_time,
        imported,
        what,
    })
}

/// Who wrote an old message; `None` for what happens now.
fn imported(fields: &mut Fields, event: &ChannelEvent) -> Option<AuthorKind> {
    let from_company = matches!(&event.event, Some(Event::Message(it)) if it.from_company);
    if from_company && !event.silent {
        fields.reject("message.from_company", "may be set only with silent");
    }
    let author = if from_company {
        AuthorKind::Employee
    } else {
        AuthorKind::Client
    };
    event.silent.then_some(author)
}

fn what(fields: &mut Fields, event: Option<Event>) -> Option<What> {
    Some(match event {
        Some(Event::Message(written)) => What::Item(message(fields, written)),
        Some(Event::Finished(_)) => What::Item(ItemKind::Finished),
        Some(Event::Read(read)) => {
            if read.seq < 1 {
                fields.reject("read.seq", "must be 1 or more");
            }
            What::Item(ItemKind::Read { seq: read.seq })
        }
        Some(Event::Edited(edited)) => What::Happening(Happening::Edited {
            of: fields.key("edited.message_event_id", &edited.message_event_id, 1..=200),
            text: fields.text("edited.text", &readable(&edited.text), 1..=16_384),
            sender_name: name(fields, "edited.sender_name", &edited.sender_name, 0),
        }),
        Some(Event::Deleted(deleted)) => What::Happening(Happening::Deleted {
            of: fields.key(
                "deleted.message_event_id",
                &deleted.message_event_id,
                1..=200,
            ),
        }),
        Some(Event::Reachable(changed)) => What::Happening(Happening::Reachable(changed.reachable)),
        Some(Event::Renamed(renamed)) => What::Happening(Happening::Renamed {
            title: name(fields, "renamed.title", &renamed.title, 1),
        }),
        Some(Event::Moved(moved)) => What::Happening(Happening::Moved {
            to: fields.key(
                "moved.new_external_chat_id",
                &moved.new_external_chat_id,
                1..=200,
            ),
        }),
        None => {
            fields.reject("event", "must be given");
            return None;
        }
    })
}

/// A name on one line.
fn name(fields: &mut Fields, path: &str, given: &str, shortest: usize) -> String {
    let name = given.replace(char::is_control, " ");
    fields.line(path, &name, shortest..=200)
}

fn message(fields: &mut Fields, message: IncomingMessage) -> ItemKind {
    let unsupported_kind = fields.line(
        "message.unsupported_kind",
        &message.unsupported_kind,
        0..=100,
    );
    let files = channel_media::files(fields, message.media);
    let cart = message.cart.map(|cart| channel_media::cart(fields, cart));
    let is_rich = !files.is_empty() || cart.is_some();
    let shortest = usize::from(unsupported_kind.is_empty() && !is_rich);
    let text = fields.text("message.text", &readable(&message.text), shortest..=16_384);
    let sender_name = name(fields, "message.sender_name", &message.sender_name, 0);
    if message.facts.len() > FACTS {
        fields.reject(
            "message.facts",
            format!("must be at most {FACTS}, are {}", message.facts.len()),
        );
    }
    let mut facts: Vec<(String, String)> = message
        .facts
        .into_iter()
        .map(|(name, value)| (name, readable(&value)))
        .collect();
    facts.sort_unstable();
    for (name, value) in &facts {
        fields.key("message.facts", name, 1..=100);
        fields.text("message.facts", value, 0..=2_000);
    }
    ItemKind::Message {
        text,
        sender_name,
        unsupported_kind,
        facts,
        files,
        cart,
    }
}

/// The text without control characters, which nobody can see and the database cannot all keep.
fn readable(text: &str) -> String {
    let is_shown = |c: &char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    text.chars().filter(is_shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::connector::v1::ReadUpTo;
    use api::error::v1::ErrorReason;

    fn event(text: &str) -> ChannelEvent {
        ChannelEvent {
            connection_id: ConnectionId::generate().to_string(),
            external_event_id: "1".to_owned(),
            external_chat_id: "chat".to_owned(),
            event: Some(Event::Message(IncomingMessage {
                text: text.to_owned(),
                ..IncomingMessage::default()
            })),
            ..ChannelEvent::default()
        }
    }

    fn refused(event: ChannelEvent) -> Vec<String> {
        let refusal = check(event).unwrap_err();
        assert_eq!(refusal.reason(), ErrorReason::FieldInvalid);
        refusal
            .violations()
            .iter()
            .map(|violation| violation.field.clone())
            .collect()
    }

    #[test]
    fn every_field_is_checked() {
        let long = "x".repeat(201);
        assert_eq!(
            refused(ChannelEvent {
                connection_id: "chat_1".to_owned(),
                ..event("hi")
            }),
            ["connection_id"]
        );
        assert_eq!(
            refused(ChannelEvent {
                external_event_id: String::new(),
                ..event("hi")
            }),
            ["external_event_id"]
        );
        assert_eq!(
            refused(ChannelEvent {
                external_chat_id: long.clone(),
                ..event("hi")
            }),
            ["external_chat_id"]
        );
        assert_eq!(
            refused(ChannelEvent {
                external_thread_id: long,
                ..event("hi")
            }),
            ["external_thread_id"]
        );
        assert_eq!(
            refused(ChannelEvent {
                event: None,
                ..event("hi")
            }),
            ["event"]
        );
        assert_eq!(refused(event(" ")), ["message.text"]);
        assert_eq!(refused(event(&"я".repeat(16_385))), ["message.text"]);
        let read = Event::Read(ReadUpTo { seq: 0 });
        assert_eq!(
            refused(ChannelEvent {
                event: Some(read),
                ..event("hi")
            }),
            ["read.seq"]
        );
        let time = prost_types::Timestamp {
            seconds: i64::MAX,
            nanos: 0,
        };
        assert_eq!(
            refused(ChannelEvent {
                event_time: Some(time),
                ..event("hi")
            }),
            ["event_time"]
        );
    }

    #[test]
    fn a_message_without_text_says_what_it_is() {
        let photo = IncomingMessage {
            unsupported_kind: "sticker".to_owned(),
            ..IncomingMessage::default()
        };
        assert!(
            check(ChannelEvent {
                event: Some(Event::Message(photo)),
                ..event("")
            })
            .is_ok()
        );
    }

    #[test]
    fn characters_that_cannot_be_shown_do_not_cost_the_message() {
        let message = IncomingMessage {
            text: "a\0b\nc".to_owned(),
            sender_name: "Анна\n П.".to_owned(),
            ..IncomingMessage::default()
        };
        let checked = check(ChannelEvent {
            event: Some(Event::Message(message)),
            ..event("")
        })
        .unwrap();
        let What::Item(ItemKind::Message {
            text, sender_name, ..
        }) = checked.what
        else {
            panic!("a message")
        };
        assert_eq!((&text[..], &sender_name[..]), ("ab\nc", "Анна  П."));
    }
}
