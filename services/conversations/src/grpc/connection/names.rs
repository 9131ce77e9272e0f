//! What a request says of a connection.

use api::conversations::v1::ConversationMode;
use kit::validate::Fields;

use crate::domain::connection::Mode;

/// Name for employees.
pub fn title(fields: &mut Fields, value: &str) -> String {
    fields.line("connection.title", value, 1..=200)
}

/// How requests become conversations; nothing said means as messengers do it.
pub fn mode(fields: &mut Fields, value: i32) -> Mode {
    match fields.known("connection.conversation_mode", value) {
        Some(ConversationMode::OneActive) => Mode::OneActive,
        Some(ConversationMode::Multiple) => Mode::Multiple,
        Some(ConversationMode::NewAfterClose | ConversationMode::Unspecified) | None => {
            Mode::NewAfterClose
        }
    }
}

/// A connector's key: lower-case letters, digits and hyphens.
pub fn connector_key(fields: &mut Fields, field: &str, value: &str) -> String {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(2..=40).contains(&value.len()) || !value.chars().all(fits) {
        fields.reject(
            field,
            "must have 2 to 40 lower-case letters, digits and hyphens",
        );
    }
    value.to_owned()
}
