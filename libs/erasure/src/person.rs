//! A person as stores know them.

use std::collections::{BTreeMap, BTreeSet};

use api::erasure::internal::v1 as wire;
use kit::Refusal;
use serde::{Deserialize, Serialize};
use types::ContactId;
use uuid::Uuid;

use crate::words::{digits, words};

/// What something personal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A name.
    Name,
    /// A telephone number.
    Phone,
    /// An e-mail.
    Email,
    /// A postal address.
    Address,
    /// A name in a channel.
    MessengerName,
}

impl Kind {
    /// As the contract numbers it.
    #[must_use]
    pub fn wire(self) -> wire::PersonalValueKind {
        match self {
            Self::Name => wire::PersonalValueKind::Name,
            Self::Phone => wire::PersonalValueKind::Phone,
            Self::Email => wire::PersonalValueKind::Email,
            Self::Address => wire::PersonalValueKind::Address,
            Self::MessengerName => wire::PersonalValueKind::MessengerName,
        }
    }

    /// From the contract; `None` for what is none.
    #[must_use]
    pub fn from_wire(kind: wire::PersonalValueKind) -> Option<Self> {
        Some(match kind {
            wire::PersonalValueKind::Unspecified => return None,
            wire::PersonalValueKind::Name => Self::Name,
            wire::PersonalValueKind::Phone => Self::Phone,
            wire::PersonalValueKind::Email => Self::Email,
            wire::PersonalValueKind::Address => Self::Address,
            wire::PersonalValueKind::MessengerName => Self::MessengerName,
        })
    }
}

/// Something personal. It does not print.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Value {
    /// What it is.
    pub kind: Kind,
    /// The value.
    pub text: String,
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}(…)", self.kind)
    }
}

/// Digits of a telephone number that tell it from others, whatever prefix stands before them.
const NATIONAL: usize = 10;

/// Characters from which on a value is looked for within texts; a shorter one only where it is the whole text.
const SHORTEST: usize = 3;

/// The normal form of a value: two that have it are the same value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Form {
    /// What is compared.
    pub key: String,
    /// How many words; 0 for a telephone number.
    pub words: usize,
    /// Is it looked for within texts?
    pub within: bool,
}

impl Value {
    /// Its normal form; `None` for a value that has nothing to compare.
    #[must_use]
    pub fn form(&self) -> Option<Form> {
        if self.kind == Kind::Phone {
            let number: String = digits(&self.text)
                .into_iter()
                .map(|range| &self.text[range])
                .collect();
            return (!number.is_empty()).then(|| Form {
                key: phone_key(&number),
                words: 0,
                within: number.len() > SHORTEST,
            });
        }
        let words = words(&self.text);
        let normals: Vec<&str> = words.iter().map(|word| &word.normal[..]).collect();
        let characters = normals
            .iter()
            .map(|word| word.chars().count())
            .sum::<usize>();
        (!normals.is_empty()).then(|| Form {
            key: words_key(&normals),
            words: normals.len(),
            within: characters >= SHORTEST,
        })
    }
}

/// The key of a number's digits.
pub(crate) fn phone_key(digits: &str) -> String {
    format!("p:{}", &digits[digits.len().saturating_sub(NATIONAL)..])
}

/// The key of words, in whatever order they stand: people write the family name first or last.
pub(crate) fn words_key(words: &[&str]) -> String {
    let mut words = words.to_vec();
    words.sort_unstable();
    format!("w:{}", words.join(" "))
}

/// A person, as far as stores know them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Contacts.
    pub contacts: BTreeSet<ContactId>,
    /// How channels know them: key of the connector, the channel's id.
    pub channels: BTreeSet<(String, String)>,
    /// What is personal, without doubles: one that was told first keeps its place.
    pub values: Vec<Value>,
}

impl Person {
    /// Adds a value, if there is something in it.
    pub fn add(&mut self, kind: Kind, text: &str) {
        let text = text.trim();
        let value = Value {
            kind,
            text: text.to_owned(),
        };
        if !text.is_empty() && !self.values.contains(&value) {
            self.values.push(value);
        }
    }

    /// Adds what another store knows. True when something was new.
    pub fn merge(&mut self, other: Self) -> bool {
        let size = |person: &Self| {
            (
                person.contacts.len(),
                person.channels.len(),
                person.values.len(),
            )
        };
        let before = size(self);
        self.contacts.extend(other.contacts);
        self.channels.extend(other.channels);
        other
            .values
            .iter()
            .for_each(|value| self.add(value.kind, &value.text));
        size(self) != before
    }

    /// The contacts as the database has them.
    #[must_use]
    pub fn contact_ids(&self) -> Vec<Uuid> {
        self.contacts.iter().map(|contact| contact.uuid()).collect()
    }

    /// The external ids by connector.
    #[must_use]
    pub fn by_connector(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (connector, id) in &self.channels {
            by.entry(connector).or_default().push(id);
        }
        by
    }

    /// As the contract carries it.
    #[must_use]
    pub fn to_wire(&self) -> wire::Person {
        let channel = |(connector_key, external_id): &(String, String)| wire::ChannelPerson {
            connector_key: connector_key.clone(),
            external_id: external_id.clone(),
        };
        let value = |value: &Value| wire::PersonalValue {
            kind: value.kind.wire().into(),
            text: value.text.clone(),
        };
        wire::Person {
            contact_ids: self
                .contacts
                .iter()
                .map(|contact| contact.uuid().as_bytes().to_vec())
                .collect(),
            channels: self.channels.iter().map(channel).collect(),
            values: self.values.iter().map(value).collect(),
        }
    }

    /// From the contract.
    ///
    /// # Errors
    /// FIELD_INVALID for an id that is none, and a value of no kind.
    pub fn from_wire(person: wire::Person) -> Result<Self, Refusal> {
        let contact = |bytes: Vec<u8>| {
            let id = Uuid::from_slice(&bytes);
            id.map(ContactId::from)
                .map_err(|_| Refusal::field("person.contact_ids", "must be sixteen bytes each"))
        };
        let value = |value: wire::PersonalValue| {
            let kind = Kind::from_wire(value.kind())
                .ok_or_else(|| Refusal::field("person.values", "must be of a kind"))?;
            let text = value.text;
            Ok(Value { kind, text })
        };
        Ok(Self {
            contacts: person
                .contact_ids
                .into_iter()
                .map(contact)
                .collect::<Result<_, _>>()?,
            channels: person
                .channels
                .into_iter()
                .map(|channel| (channel.connector_key, channel.external_id))
                .collect(),
            values: person
                .values
                .into_iter()
                .map(value)
                .collect::<Result<_, Refusal>>()?,
        })
    }
}
