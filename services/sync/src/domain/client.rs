//! Who wrote, and what is known of the request.

use std::collections::BTreeMap;

use rules::{Occasion, Parameter, Request};
use time::OffsetDateTime;
use types::{AccountId, ConversationId, MessageId};

/// What is known of a request, by parameter.
pub type Facts = BTreeMap<Parameter, String>;

/// A conversation as rules see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its number.
    pub number: i64,
    /// Whose requests are handled one after the other.
    pub client_key: String,
    /// What is known with the newest message.
    pub facts: Facts,
    /// Do several people write?
    pub is_group: bool,
    /// The message that began it.
    pub first_message: MessageId,
    /// Into what the client last wrote.
    pub occasion: Occasion,
    /// When the client last wrote.
    pub message_time: OffsetDateTime,
    /// When it began.
    pub create_time: OffsetDateTime,
}

impl Asked {
    /// What rules are asked about.
    #[must_use]
    pub fn request(&self, facts: &Facts, occasion: Occasion) -> Request {
        let facts = facts.iter().map(|(name, text)| (*name, text.clone()));
        Request::new(facts, occasion, self.is_group)
    }
}

/// The client of a request, as the CRM may know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Account.
    pub account: AccountId,
    /// The conversation.
    pub conversation: ConversationId,
    /// Whose requests are handled one after the other.
    pub key: String,
    /// Number of the conversation.
    pub number: i64,
    /// Address of the page where they wrote; empty when unknown.
    pub page: String,
    /// Key of the connector.
    pub connector: String,
    /// The channel's id of them.
    pub external_id: String,
    /// Their name there.
    pub name: String,
    /// Telephone number; empty when unknown.
    pub phone: String,
    /// E-mail; empty when unknown.
    pub email: String,
    /// The message.
    pub message: String,
}

impl Client {
    /// Whoever made the request.
    #[must_use]
    pub fn of(account: AccountId, asked: &Asked, facts: &Facts) -> Self {
        let fact = |parameter| facts.get(&parameter).cloned().unwrap_or_default();
        Self {
            account,
            conversation: asked.conversation,
            key: asked.client_key.clone(),
            number: asked.number,
            page: fact(Parameter::PageUrl),
            connector: fact(Parameter::Channel),
            external_id: fact(Parameter::ExternalId),
            name: fact(Parameter::ClientName),
            phone: fact(Parameter::ClientPhone),
            email: fact(Parameter::ClientEmail),
            message: fact(Parameter::Message),
        }
    }
}

/// The number by which the database keeps an occasion.
#[must_use]
pub fn occasion_number(occasion: Occasion) -> i16 {
    match occasion {
        Occasion::New => 1,
        Occasion::Closed => 2,
        Occasion::Active => 3,
    }
}

/// The occasion of a number.
#[must_use]
pub fn occasion(number: i16) -> Occasion {
    match number {
        1 => Occasion::New,
        2 => Occasion::Closed,
        _ => Occasion::Active,
    }
}
