//! What visitors do, as events of the channel.
//!
//! Ids of events begin with the visitor: `external_event_id` is unique within the connection, which all visitors of the
//! online chat share, and a visitor must not be able to meet an event of another by repeating its id.

use api::connector::v1::channel_event::Event;
use api::connector::v1::incoming_media::Source;
use api::connector::v1::{
    ChannelEvent, ConversationFinished, IncomingMedia, IncomingMessage, ReadUpTo,
};
use time::OffsetDateTime;
use types::AttachmentId;
use uuid::Uuid;

use super::Chat;
use crate::domain::session::Session;

/// What a visitor writes.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The id that the browser gave the message.
    pub id: Uuid,
    /// Its text; may be empty with files.
    pub text: String,
    /// Its conversation.
    pub thread: String,
    /// Files that the hub has taken in.
    pub files: Vec<AttachmentId>,
}

/// The visitor wrote.
#[must_use]
pub fn message(chat: Chat, session: &Session, draft: &Draft, now: OffsetDateTime) -> ChannelEvent {
    let media = draft.files.iter().map(|id| IncomingMedia {
        source: Some(Source::AttachmentId(id.to_string())),
        ..IncomingMedia::default()
    });
    let event = Event::Message(IncomingMessage {
        text: draft.text.clone(),
        media: media.collect(),
        sender_name: session.visitor_name.clone(),
        unsupported_kind: String::new(),
        facts: session.page.facts(),
        ..IncomingMessage::default()
    });
    let id = message_event_id(chat, draft.id);
    channel_event(chat, &draft.thread, id, now, event)
}

/// The visitor has seen every message of the thread up to `seq`.
#[must_use]
pub fn read(chat: Chat, thread: &str, seq: i64, now: OffsetDateTime) -> ChannelEvent {
    let id = format!("{}:read:{thread}:{seq}", chat.visitor);
    channel_event(chat, thread, id, now, Event::Read(ReadUpTo { seq }))
}

/// The visitor finished the conversation `number`. The number is part of the event's id: a thread that was begun again can
/// be finished again.
#[must_use]
pub fn finished(chat: Chat, thread: &str, number: i64, now: OffsetDateTime) -> ChannelEvent {
    let id = format!("{}:finish:{thread}:{number}", chat.visitor);
    channel_event(
        chat,
        thread,
        id,
        now,
        Event::Finished(ConversationFinished {}),
    )
}

/// The id that the browser gave the message of an event; empty for anything else.
#[must_use]
pub fn client_message_id(external_event_id: &str) -> &str {
    external_event_id.split_once(':').map_or("", |(_, id)| id)
}

fn message_event_id(chat: Chat, client_message_id: Uuid) -> String {
    format!("{}:{client_message_id}", chat.visitor)
}

fn channel_event(
    chat: Chat,
    thread: &str,
    external_event_id: String,
    now: OffsetDateTime,
    event: Event,
) -> ChannelEvent {
    ChannelEvent {
        connection_id: chat.connection.to_string(),
        external_event_id,
        external_chat_id: chat.visitor.to_string(),
        external_thread_id: thread.to_owned(),
        event_time: Some(kit::time::to_proto(now)),
        event: Some(event),
        ..ChannelEvent::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{ConnectionId, VisitorId};

    #[test]
    fn the_browsers_id_comes_back_from_the_event() {
        let chat = Chat {
            connection: ConnectionId::generate(),
            visitor: VisitorId::generate(),
        };
        let id = Uuid::from_u128(7);
        assert_eq!(
            client_message_id(&message_event_id(chat, id)),
            id.to_string()
        );
        assert_eq!(client_message_id(""), "");
    }

    #[test]
    fn ids_fit_the_hubs_limit_and_differ_between_visitors() {
        let chat = |()| Chat {
            connection: ConnectionId::generate(),
            visitor: VisitorId::generate(),
        };
        let (one, two) = (chat(()), chat(()));
        let thread = Uuid::from_u128(7).to_string();
        let now = OffsetDateTime::UNIX_EPOCH;
        for (mine, theirs) in [
            (
                read(one, &thread, i64::MAX, now),
                read(two, &thread, i64::MAX, now),
            ),
            (
                finished(one, &thread, i64::MAX, now),
                finished(two, &thread, i64::MAX, now),
            ),
        ] {
            assert!(mine.external_event_id.len() <= 200);
            assert_ne!(mine.external_event_id, theirs.external_event_id);
        }
    }
}
