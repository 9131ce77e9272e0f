//! Domain values as the contracts show them.

mod attachment;

use access::Visibility;
use api::conversations::v1 as proto;
use kit::time::to_proto;

use crate::domain::card::Sight;
use crate::domain::connection::{Connection, Health, Mode, State};
use crate::domain::conversation::{Action, Answer, ClosedBy, Conversation, LastMessage, Life};
use crate::domain::message::{Author, AuthorKind, Edit, Message, Status};
use crate::domain::template::{Category, Template};

pub use attachment::{attachment, cart, to_kind};

/// A conversation as one sees it.
#[must_use]
pub fn conversation(c: &Conversation, sight: &Sight) -> proto::Conversation {
    let (life, life_indicator) = match c.life {
        Life::Open => (proto::ConversationLife::Open, proto::Indicator::Green),
        Life::Closed { .. } => (proto::ConversationLife::Closed, proto::Indicator::Grey),
    };
    let (answer, answer_indicator) = match c.answer {
        Answer::Required => (
            proto::ConversationAnswer::RequiresAnswer,
            proto::Indicator::Blue,
        ),
        Answer::NotNeeded => (
            proto::ConversationAnswer::NoAnswerNeeded,
            proto::Indicator::White,
        ),
    };
    let readable = sight.visibility.shows_messages();
    let actions = if readable { c.allowed_actions() } else { &[] };
    proto::Conversation {
        id: c.id.to_string(),
        number: c.number,
        chat_id: c.chat.to_string(),
        connection_id: c.connection.to_string(),
        channel: c.connector_key.clone(),
        title: sight.title.clone().unwrap_or_else(|| c.title.clone()),
        life: life.into(),
        answer: answer.into(),
        life_indicator: life_indicator.into(),
        answer_indicator: answer_indicator.into(),
        allowed_actions: actions
            .iter()
            .map(|action| self::action(*action).into())
            .collect(),
        last_message: readable.then(|| last_message(c, &c.last)),
        last_seq: c.last.seq,
        create_time: Some(to_proto(c.create_time)),
        update_time: Some(to_proto(c.update_time)),
        closing: closing(c.life),
        visibility: self::visibility(sight.visibility).into(),
        etag: etag(c.version),
        contact_id: contact_id(sight),
        card_id: sight.card_id.clone().unwrap_or_default(),
        favourite: None,
    }
}

/// The conversation with the word whether it is among the caller's favourites.
#[must_use]
pub fn with_favourite(conversation: proto::Conversation, favourite: bool) -> proto::Conversation {
    proto::Conversation {
        favourite: Some(favourite),
        ..conversation
    }
}

fn contact_id(sight: &Sight) -> String {
    sight
        .contact_id
        .map(|contact| contact.to_string())
        .unwrap_or_default()
}

/// The etag of a version.
#[must_use]
pub fn etag(version: i64) -> String {
    format!("v{version}")
}

fn action(action: Action) -> proto::ConversationAction {
    match action {
        Action::Answer => proto::ConversationAction::Answer,
        Action::MarkNoAnswerNeeded => proto::ConversationAction::MarkNoAnswerNeeded,
        Action::SendNps => proto::ConversationAction::SendNps,
        Action::Close => proto::ConversationAction::Close,
    }
}

/// How much is seen.
#[must_use]
pub fn visibility(visibility: Visibility) -> proto::ConversationVisibility {
    match visibility {
        Visibility::Hidden => proto::ConversationVisibility::Unspecified,
        Visibility::ContactOnly => proto::ConversationVisibility::ContactOnly,
        Visibility::ContactAndChat => proto::ConversationVisibility::ContactAndChat,
        Visibility::DealAndChat => proto::ConversationVisibility::DealAndChat,
    }
}

fn closing(life: Life) -> Option<proto::Closing> {
    let Life::Closed { at, by } = life else {
        return None;
    };
    let (closed_by, user_id) = match by {
        ClosedBy::Employee(user) => (proto::ClosedBy::Employee, user.to_string()),
        ClosedBy::Client => (proto::ClosedBy::Client, String::new()),
        ClosedBy::Program => (proto::ClosedBy::Program, String::new()),
    };
    Some(proto::Closing {
        close_time: Some(to_proto(at)),
        closed_by: closed_by.into(),
        user_id,
    })
}

/// The newest message of a conversation; its delivery status is not kept there.
fn last_message(c: &Conversation, last: &LastMessage) -> proto::Message {
    proto::Message {
        id: last.id.to_string(),
        conversation_id: c.id.to_string(),
        seq: last.seq,
        author: Some(author(&last.author)),
        text: last.preview.clone(),
        create_time: Some(to_proto(last.time)),
        ..proto::Message::default()
    }
}

/// A message.
#[must_use]
pub fn message(m: &Message) -> proto::Message {
    proto::Message {
        id: m.id.to_string(),
        conversation_id: m.conversation.to_string(),
        seq: m.seq,
        author: Some(author(&m.author)),
        text: m.text.clone(),
        create_time: Some(to_proto(m.create_time)),
        sent_time: m.sent_time.map(to_proto),
        delivery_status: m
            .status
            .map_or(proto::DeliveryStatus::Unspecified, status)
            .into(),
        failure_text: m.failure_text.clone(),
        unsupported_kind: m.unsupported_kind.clone(),
        attachments: m.attachments.iter().map(attachment).collect(),
        cart: m.cart.as_ref().map(cart),
        edits: m.edits.iter().map(edit).collect(),
        delete_time: m.deleted.map(to_proto),
    }
}

fn edit(edit: &Edit) -> proto::MessageEdit {
    proto::MessageEdit {
        text: edit.text.clone(),
        replace_time: Some(to_proto(edit.replaced)),
    }
}

fn author(author: &Author) -> proto::MessageAuthor {
    let kind = match author.kind {
        AuthorKind::Client => proto::AuthorKind::Client,
        AuthorKind::Employee => proto::AuthorKind::Employee,
        AuthorKind::Bot => proto::AuthorKind::Bot,
        AuthorKind::System => proto::AuthorKind::System,
    };
    proto::MessageAuthor {
        kind: kind.into(),
        name: author.name.clone(),
        user_id: author.user.map(|user| user.to_string()).unwrap_or_default(),
    }
}

fn status(status: Status) -> proto::DeliveryStatus {
    match status {
        Status::Queued => proto::DeliveryStatus::Queued,
        Status::Sent => proto::DeliveryStatus::Sent,
        Status::Delivered => proto::DeliveryStatus::Delivered,
        Status::Read => proto::DeliveryStatus::Read,
        Status::Failed => proto::DeliveryStatus::Failed,
        Status::Unknown => proto::DeliveryStatus::Unknown,
    }
}

/// A connection.
#[must_use]
pub fn connection(c: &Connection) -> proto::Connection {
    proto::Connection {
        id: c.id.to_string(),
        connector_key: c.connector_key.clone(),
        title: c.title.clone(),
        conversation_mode: mode(c.mode).into(),
        enabled: c.enabled,
        external_id: c.external_id.clone(),
        create_time: Some(to_proto(c.create_time)),
        etag: etag(c.version),
        settings: (!c.settings.plain.is_empty())
            .then(|| kit::json::to_struct(c.settings.plain.clone())),
        secret_names: c.settings.secret_names.clone(),
        health: c.health.as_ref().map(health),
        in_subscription: c.in_subscription,
    }
}

/// A template.
pub fn template(template: &Template) -> proto::Template {
    let category = match template.category {
        Category::Unknown => proto::TemplateCategory::Unspecified,
        Category::Marketing => proto::TemplateCategory::Marketing,
        Category::Utility => proto::TemplateCategory::Utility,
        Category::Authentication => proto::TemplateCategory::Authentication,
    };
    proto::Template {
        key: template.key.clone(),
        language: template.language.clone(),
        name: template.name.clone(),
        category: category.into(),
        body: template.body.clone(),
        parameters: template.parameters.clone(),
        approved: template.approved,
        paid: template.paid,
    }
}

/// Whether a connection works.
#[must_use]
pub fn state(state: State) -> proto::ConnectionState {
    match state {
        State::Working => proto::ConnectionState::Working,
        State::Disturbed => proto::ConnectionState::Disturbed,
        State::Broken => proto::ConnectionState::Broken,
    }
}

/// How a connection is.
#[must_use]
pub fn health(health: &Health) -> proto::ConnectionHealth {
    proto::ConnectionHealth {
        state: state(health.state).into(),
        text: health.text.clone(),
        since_time: Some(to_proto(health.since)),
    }
}

fn mode(mode: Mode) -> proto::ConversationMode {
    match mode {
        Mode::NewAfterClose => proto::ConversationMode::NewAfterClose,
        Mode::OneActive => proto::ConversationMode::OneActive,
        Mode::Multiple => proto::ConversationMode::Multiple,
    }
}

/// Makes of a conversation, shown whole, what somebody sees of it.
pub fn restrict(conversation: &mut proto::Conversation, sight: &Sight) {
    conversation.visibility = self::visibility(sight.visibility).into();
    conversation.contact_id = contact_id(sight);
    conversation.card_id = sight.card_id.clone().unwrap_or_default();
    if let Some(title) = &sight.title {
        conversation.title.clone_from(title);
    }
    if !sight.visibility.shows_messages() {
        conversation.last_message = None;
        conversation.allowed_actions.clear();
    }
}
