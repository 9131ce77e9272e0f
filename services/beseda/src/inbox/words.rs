//! States and colours of the contracts as words for a person.

use api::conversations::v1::{
    AuthorKind, ClosedBy, Conversation, ConversationAnswer, ConversationLife, DeliveryStatus,
    Message,
};

/// Open or closed.
pub fn life(conversation: &Conversation) -> &'static str {
    match conversation.life() {
        ConversationLife::Open => "open",
        ConversationLife::Closed => "closed",
        ConversationLife::Unspecified => "",
    }
}

/// Does the client wait?
pub fn answer(conversation: &Conversation) -> &'static str {
    match conversation.answer() {
        ConversationAnswer::RequiresAnswer => "needs answer",
        ConversationAnswer::NoAnswerNeeded => "answered",
        ConversationAnswer::Unspecified => "",
    }
}

/// Who wrote a message: the name, or what kind of author it is.
pub fn author(message: &Message) -> &str {
    let Some(author) = &message.author else {
        return "";
    };
    if !author.name.is_empty() {
        return &author.name;
    }
    match author.kind() {
        AuthorKind::Client => "client",
        AuthorKind::Employee => "employee",
        AuthorKind::Bot => "bot",
        AuthorKind::System => "system",
        AuthorKind::Unspecified => "",
    }
}

/// How far an outgoing message has come; empty for the client's.
pub fn delivery(message: &Message) -> String {
    let word = match message.delivery_status() {
        DeliveryStatus::Unspecified => "",
        DeliveryStatus::Queued => "queued",
        DeliveryStatus::Sent => "sent",
        DeliveryStatus::Delivered => "delivered",
        DeliveryStatus::Read => "read",
        DeliveryStatus::Failed => return format!("failed: {}", message.failure_text),
        DeliveryStatus::Unknown => "delivery unknown",
    };
    word.to_owned()
}

/// What a message says; what cannot be shown is named.
pub fn text(message: &Message) -> String {
    if message.unsupported_kind.is_empty() {
        message.text.clone()
    } else {
        format!(
            "{} [{}, which cannot be shown here]",
            message.text, message.unsupported_kind
        )
        .trim()
        .to_owned()
    }
}

/// Who closed it.
pub fn closed_by(conversation: &Conversation) -> &'static str {
    let closing = conversation.closing.clone().unwrap_or_default();
    match closing.closed_by() {
        ClosedBy::Employee => "by an employee",
        ClosedBy::Client => "by the client",
        ClosedBy::Program => "by a program",
        ClosedBy::Unspecified => "",
    }
}
