//! An online chat on the wire.

use api::conversations::v1::ConversationMode;
use api::onlinechat::v1::{OnlineChat as Proto, OnlineChatMode};
use kit::validate::Fields;
use types::FieldId;

use super::landing;
use crate::domain::look::{Avatar, Color, Greeting, MAX_AVATAR, MAX_BOT_NAME, MAX_GREETING};
use crate::domain::online_chat::{Mode, OnlineChat, Settings};
use crate::domain::placement::Placement;

/// The longest title.
const TITLE: std::ops::RangeInclusive<usize> = 1..=200;

pub(super) fn to_proto(public_url: &str, chat: &OnlineChat) -> Proto {
    let Settings {
        title,
        mode,
        placement,
        show_sender_name,
        enabled,
        avatar,
        accent_color,
        greeting,
        external_field,
        landing_site,
        feedback_buttons,
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
        avatar: avatar.bytes().to_vec(),
        accent_color: accent_color.as_str().to_owned(),
        greeting_enabled: greeting.enabled,
        greeting_name: greeting.name.clone(),
        greeting_text: greeting.text.clone(),
        external_id_field_id: external_field
            .map(|field| field.id.to_string())
            .unwrap_or_default(),
        landing_site: landing_site
            .as_ref()
            .map(|site| landing::to_proto(site, public_url, chat.id)),
        feedback_buttons: landing::feedback_to_proto(feedback_buttons),
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

/// Every setting of an online chat that came with a request, but for the field of external IDs, which crm knows. What does not fit is noted in `fields`; the result counts
/// only when nothing was.
pub(super) fn settings(fields: &mut Fields, chat: &Proto) -> Settings {
    Settings {
        title: title(fields, chat),
        mode: mode(fields, chat),
        placement: placement(fields, chat.embedded_in_app, &chat.site_url),
        show_sender_name: chat.show_sender_name,
        enabled: chat.enabled,
        avatar: avatar(fields, chat),
        accent_color: accent_color(fields, chat),
        greeting: greeting(fields, chat),
        external_field: None,
        landing_site: landing::site(fields, chat),
        feedback_buttons: landing::feedback(fields, chat),
    }
}

/// The field of external IDs that a request names; whether it is one, crm says.
pub(super) fn external_field(fields: &mut Fields, chat: &Proto) -> Option<FieldId> {
    fields.optional_id(
        "online_chat.external_id_field_id",
        &chat.external_id_field_id,
    )
}

/// The greeting of a new online chat: while it is off there is nothing of it.
fn greeting(fields: &mut Fields, chat: &Proto) -> Greeting {
    let greeting = Greeting {
        enabled: chat.greeting_enabled,
        name: greeting_name(fields, chat),
        text: greeting_text(fields, chat),
    };
    if !Greeting::default().may_become(&greeting) {
        fields.reject(
            "online_chat.greeting_enabled",
            "must be on when the bot is given a name or words",
        );
    }
    require_words(fields, &greeting);
    greeting
}

pub(super) fn greeting_name(fields: &mut Fields, chat: &Proto) -> String {
    fields.line(
        "online_chat.greeting_name",
        &chat.greeting_name,
        0..=MAX_BOT_NAME,
    )
}

pub(super) fn greeting_text(fields: &mut Fields, chat: &Proto) -> String {
    fields.text(
        "online_chat.greeting_text",
        &chat.greeting_text,
        0..=MAX_GREETING,
    )
}

/// A greeting that is said has words.
pub(super) fn require_words(fields: &mut Fields, greeting: &Greeting) {
    if greeting.enabled && greeting.text.trim().is_empty() {
        fields.reject(
            "online_chat.greeting_text",
            "must be given while the greeting is on",
        );
    }
}

pub(super) fn avatar(fields: &mut Fields, chat: &Proto) -> Avatar {
    Avatar::of(&chat.avatar).unwrap_or_else(|| {
        fields.reject(
            "online_chat.avatar",
            format!("must be a PNG, JPEG or WebP picture of at most {MAX_AVATAR} bytes"),
        );
        Avatar::default()
    })
}

pub(super) fn accent_color(fields: &mut Fields, chat: &Proto) -> Color {
    landing::color(fields, "online_chat.accent_color", &chat.accent_color)
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
