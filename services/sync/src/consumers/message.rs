//! What an event of conversations says to rules.

use ::events::Event;
use api::conversations::internal::v1::ConversationEvent;
use api::conversations::v1::{AuthorKind, ChangeKind, Conversation, Message};
use kit::time::from_proto;
use prost::Message as _;
use rules::{Occasion, Parameter};
use time::OffsetDateTime;
use types::{AccountId, MessageId};
use uuid::Uuid;

use crate::domain::client::{Asked, Facts};
use crate::domain::midnight::date_and_time;

/// The kind of the events of changed conversations.
const CHANGED: &str = "conversation.changed";

/// The client wrote.
#[derive(Debug, PartialEq)]
pub struct News {
    /// The request with this message.
    pub asked: Asked,
    /// The message.
    pub message: MessageId,
}

/// What an event says; `None` where it does not concern rules.
///
/// # Errors
/// Why it cannot be read.
pub fn read(event: &Event) -> Result<Option<(AccountId, News)>, String> {
    if event.kind != CHANGED {
        return Ok(None);
    }
    let account = Uuid::from_slice(&event.account_id).map_err(|error| format!("no id: {error}"))?;
    let told = ConversationEvent::decode(&event.payload[..])
        .map_err(|error| format!("the payload does not decode: {error}"))?;
    let Some(conversation) = &told.conversation else {
        return Ok(None);
    };
    // What an import brings is old.
    if told.silent {
        return Ok(None);
    }
    let occasion = match told.kind() {
        ChangeKind::Created => Occasion::New,
        ChangeKind::Reopened => Occasion::Closed,
        ChangeKind::MessageAdded => Occasion::Active,
        _ => return Ok(None),
    };
    let Some(message) = told.message.as_ref().filter(|message| is_clients(message)) else {
        return Ok(None);
    };
    let news = News {
        asked: asked(&told, conversation, message, occasion)?,
        message: id(&message.id)?,
    };
    Ok(Some((account.into(), news)))
}

fn id<T: std::str::FromStr<Err = types::InvalidId>>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|error: types::InvalidId| error.to_string())
}

fn is_clients(message: &Message) -> bool {
    let author = message.author.as_ref();
    author.is_some_and(|author| author.kind() == AuthorKind::Client)
}

fn asked(
    told: &ConversationEvent,
    conversation: &Conversation,
    message: &Message,
    occasion: Occasion,
) -> Result<Asked, String> {
    let time = |time: Option<&prost_types::Timestamp>| {
        time.and_then(from_proto)
            .ok_or_else(|| "a time is missing".to_owned())
    };
    let message_time = time(message.create_time.as_ref())?;
    Ok(Asked {
        conversation: id(&conversation.id)?,
        number: conversation.number,
        client_key: format!("{}\n{}", conversation.channel, told.external_chat_id),
        facts: facts(told, conversation, message, message_time),
        is_group: told.group,
        first_message: id(&message.id)?,
        occasion,
        message_time,
        create_time: time(conversation.create_time.as_ref())?,
    })
}

/// What the channel told for rules, and what every message says.
fn facts(
    told: &ConversationEvent,
    conversation: &Conversation,
    message: &Message,
    time: OffsetDateTime,
) -> Facts {
    let of_channel = told.facts.iter().filter_map(|(name, text)| {
        let parameter = match &name[..] {
            // As connectors name it for the client's profile.
            "phone" => Parameter::ClientPhone,
            name => Parameter::of_name(name)?,
        };
        Some((parameter, text.clone()))
    });
    let author = message.author.as_ref();
    let (date, hour) = date_and_time(time).unwrap_or_default();
    let name = author.map(|author| author.name.clone()).unwrap_or_default();
    let own = [
        (Parameter::ClientName, name),
        (Parameter::ExternalId, told.external_chat_id.clone()),
        (Parameter::Channel, conversation.channel.clone()),
        (Parameter::Connection, conversation.connection_id.clone()),
        (
            Parameter::ConversationNumber,
            conversation.number.to_string(),
        ),
        (Parameter::Message, message.text.clone()),
        (Parameter::Date, date),
        (Parameter::Time, hour),
    ];
    // What this service knows itself no channel can say otherwise.
    let all = of_channel.chain(own).filter(|(_, text)| !text.is_empty());
    all.collect()
}
