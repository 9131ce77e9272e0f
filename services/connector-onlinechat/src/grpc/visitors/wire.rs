//! Messages and conversations as a visitor sees them.

use api::connector::v1::{ChatConversation, ChatMessage};
use api::conversations::v1::Attachment;
use api::onlinechat::v1::{VisitorConversation, VisitorMessage};

use crate::domain::online_chat::{Mode, Settings};
use crate::hub::events;

/// Unread messages are counted to here.
const MAX_UNREAD: i32 = 100;

/// A message of the hub. No employee's name leaves where names are off (ONL-29); a visitor needs no name for own messages.
pub(crate) fn message(settings: &Settings, message: ChatMessage) -> VisitorMessage {
    let named = settings.show_sender_name && !message.from_client;
    VisitorMessage {
        id: message.id,
        seq: message.seq,
        mine: message.from_client,
        client_message_id: events::client_message_id(&message.external_event_id).to_owned(),
        author_name: if named {
            message.author_name
        } else {
            String::new()
        },
        text: message.text,
        create_time: message.create_time,
        thread_id: thread_id(settings.mode, message.external_thread_id),
        attachments: message.attachments.into_iter().map(file).collect(),
    }
}

/// A file, with the address under which the visitor's own ticket opens it; the employees' would open nothing.
pub(crate) fn file(file: Attachment) -> Attachment {
    let path = if file.path.is_empty() {
        String::new()
    } else {
        format!("/visitor-files/{}", file.id)
    };
    Attachment { path, ..file }
}

/// The hub's open conversations of a visitor, the newest first. In ONE_ACTIVE mode there is one for the visitor: threads
/// that are left from a time in MULTIPLE mode are shown within it.
pub(crate) fn conversations(mode: Mode, open: Vec<ChatConversation>) -> Vec<VisitorConversation> {
    let mut open = open.into_iter().map(|open| conversation(mode, open));
    match mode {
        Mode::Multiple => open.collect(),
        Mode::OneActive => {
            let newest = open
                .next()
                .map(|newest| open.fold(newest, |newest, other| join(newest, &other)));
            newest.into_iter().collect()
        }
    }
}

fn join(mut newest: VisitorConversation, other: &VisitorConversation) -> VisitorConversation {
    newest.unread_count = newest
        .unread_count
        .saturating_add(other.unread_count)
        .min(MAX_UNREAD);
    newest
}

fn conversation(mode: Mode, open: ChatConversation) -> VisitorConversation {
    let thread_id = thread_id(mode, open.external_thread_id);
    VisitorConversation {
        number: open.number,
        last_seq: open.last_seq,
        last_text: open.last_text,
        update_time: open.update_time,
        unread_count: open.unread_count,
        can_finish: can_finish(mode, &thread_id),
        open: open.open,
        thread_id,
    }
}

/// «Завершить беседу» is offered in MULTIPLE mode only, and only where there is a thread to name.
pub(crate) fn can_finish(mode: Mode, thread_id: &str) -> bool {
    mode == Mode::Multiple && !thread_id.is_empty()
}

fn thread_id(mode: Mode, external: String) -> String {
    match mode {
        Mode::OneActive => String::new(),
        Mode::Multiple => external,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::look::{Avatar, Color, Greeting};
    use crate::domain::placement::Placement;

    fn settings(mode: Mode, show_sender_name: bool) -> Settings {
        Settings {
            title: "Чат".to_owned(),
            mode,
            placement: Placement::Application,
            show_sender_name,
            enabled: true,
            avatar: Avatar::default(),
            accent_color: Color::default(),
            greeting: Greeting::default(),
            external_field: None,
            landing_site: None,
            feedback_buttons: Vec::new(),
        }
    }

    fn answer(from_client: bool) -> ChatMessage {
        ChatMessage {
            author_name: "Анна".to_owned(),
            external_thread_id: "t".to_owned(),
            from_client,
            ..ChatMessage::default()
        }
    }

    #[test]
    fn no_employees_name_leaves_when_names_are_off_onl_29() {
        for (shown, name) in [(true, "Анна"), (false, "")] {
            let settings = settings(Mode::Multiple, shown);
            assert_eq!(message(&settings, answer(false)).author_name, name);
            assert_eq!(message(&settings, answer(true)).author_name, "");
        }
    }

    #[test]
    fn one_active_shows_one_conversation_without_a_thread() {
        let open = |thread: &str, number, unread_count| ChatConversation {
            external_thread_id: thread.to_owned(),
            number,
            unread_count,
            open: true,
            ..ChatConversation::default()
        };
        let all = vec![open("b", 2, 99), open("", 1, 3)];
        let one = conversations(Mode::OneActive, all.clone());
        assert_eq!(one.len(), 1);
        assert_eq!(
            (one[0].number, one[0].unread_count, one[0].can_finish),
            (2, 100, false)
        );
        assert_eq!(one[0].thread_id, "");
        let several = conversations(Mode::Multiple, all);
        let finish: Vec<_> = several.iter().map(|one| one.can_finish).collect();
        assert_eq!(
            finish,
            [true, false],
            "what has no thread cannot be named to finish it"
        );
        assert_eq!(
            message(&settings(Mode::OneActive, true), answer(false)).thread_id,
            ""
        );
    }
}
