//! An online chat on the wire.

use api::conversations::v1::ConversationMode;
use api::onlinechat::v1::{OnlineChat as Proto, OnlineChatMode};
use kit::validate::Fields;

use crate::domain::online_chat::{Mode, OnlineChat, Settings};
use crate::domain::placement::Placement;

/// The longest title.
const TITLE: std::ops::RangeInclusive<usize> = 1..=200;

pub(super) fn to_proto(chat: &OnlineChat) -> Proto {
    let Settings {
        title,
        mode,
        placement,
        show_sender_name,
        enabled,
    } = &chat.settings;
    Proto {
        id: chat.id.to_string(),
        title: title.clone(),
        mode: mode_to_proto(*mode).into(),
        site_url: placement.site_url().to_owned(),
        embedded_in_app: *placement == Placement::Application,
        show_sender_name: *show_sender_name,
        enabled: *enabled,
        connection_id: chat.connection.to_string(),
        create_time: Some(kit::time::to_proto(chat.create_time)),
        etag: etag(chat.version),
    }
}

/// The etag of a version.
pub(super) fn etag(version: i64) -> String {
    version.to_string()
}

/// The mode as visitors' and administrators' contracts have it.
pub(crate) fn mode_to_proto(mode: Mode) -> OnlineChatMode {
    match mode {
        Mode::OneActive => OnlineChatMode::OneActive,
        Mode::Multiple => OnlineChatMode::Multiple,
    }
}

/// The mode as conversations has it.
pub(super) fn conversation_mode(mode: Mode) -> ConversationMode {
    match mode {
        Mode::OneActive => ConversationMode::OneActive,
        Mode::Multiple => ConversationMode::Multiple,
    }
}

/// Every setting of an online chat that came with a request. What does not fit is noted in `fields`; the result counts
/// only when nothing was.
pub(super) fn settings(fields: &mut Fields, chat: &Proto) -> Settings {
    Settings {
        title: title(fields, chat),
        mode: mode(fields, chat),
        placement: placement(fields, chat.embedded_in_app, &chat.site_url),
        show_sender_name: chat.show_sender_name,
        enabled: chat.enabled,
    }
}

pub(super) fn title(fields: &mut Fields, chat: &Proto) -> String {
    fields.line("online_chat.title", &chat.title, TITLE)
}

pub(super) fn mode(fields: &mut Fields, chat: &Proto) -> Mode {
    match fields.known("online_chat.mode", chat.mode) {
        Some(OnlineChatMode::Multiple) => Mode::Multiple,
        Some(OnlineChatMode::Unspecified | OnlineChatMode::OneActive) | None => Mode::OneActive,
    }
}

pub(super) fn placement(fields: &mut Fields, embedded_in_app: bool, site_url: &str) -> Placement {
    Placement::decide(embedded_in_app, site_url).unwrap_or_else(|error| {
        fields.reject("online_chat.site_url", error.to_string());
        Placement::Locked
    })
}
