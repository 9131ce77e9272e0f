//! Encoded messages: events and answers that a store keeps.

use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};
use std::sync::LazyLock;

use crate::sieve::{Found, Sieve};

/// What a service's events and kept answers are.
#[derive(Debug, Clone, Copy)]
pub struct Payloads {
    /// The full name of the message that an event of this kind carries; `None` for one that tells of no client.
    pub event: fn(&str) -> Option<&'static str>,
    /// The package of the service's public methods, for kept answers.
    pub package: &'static str,
    /// Fields that stay as they are: by them messages find their way.
    pub kept: &'static [&'static str],
}

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    // The program's own contracts: without them no service would answer.
    DescriptorPool::decode(api::FILE_DESCRIPTOR_SET).unwrap_or_default()
});

impl Payloads {
    /// The payload of an event without the values; `None` when it contains none.
    #[must_use]
    pub fn clean_event(
        &self,
        kind: &str,
        payload: &[u8],
        with: &Sieve,
        found: &mut Found,
    ) -> Option<Vec<u8>> {
        let name = (self.event)(kind)?;
        clean_message(name, payload, self.kept, with, found)
    }

    /// Which values a kept answer of a method contains.
    #[must_use]
    pub fn in_answer(&self, method: &str, answer: &[u8], with: &Sieve) -> Found {
        let mut found = Found::new();
        let services = POOL.services();
        let own = services.filter(|service| service.package_name() == self.package);
        for known in own.flat_map(|service| service.methods().collect::<Vec<_>>()) {
            if known.name() == method {
                let _ = clean(&known.output(), answer, self.kept, with, &mut found);
            }
        }
        found
    }
}

/// An encoded message without the values; `None` when it contains none. What does not decode is nothing that a service would show.
#[must_use]
pub fn clean_message(
    name: &str,
    bytes: &[u8],
    kept: &[&str],
    with: &Sieve,
    found: &mut Found,
) -> Option<Vec<u8>> {
    clean(&POOL.get_message_by_name(name)?, bytes, kept, with, found)
}

fn clean(
    of: &MessageDescriptor,
    bytes: &[u8],
    kept: &[&str],
    with: &Sieve,
    found: &mut Found,
) -> Option<Vec<u8>> {
    let mut message = DynamicMessage::decode(of.clone(), bytes).ok()?;
    walk(&mut message, kept, with, found).then(|| message.encode_to_vec())
}

fn walk(message: &mut DynamicMessage, kept: &[&str], with: &Sieve, found: &mut Found) -> bool {
    message
        .fields_mut()
        .filter(|(field, _)| !kept.contains(&field.name()))
        .fold(false, |any, (_, value)| {
            of_value(value, kept, with, found) | any
        })
}

fn of_value(value: &mut Value, kept: &[&str], with: &Sieve, found: &mut Found) -> bool {
    match value {
        Value::String(text) => match with.clean(text, found) {
            Some(clean) => {
                *text = clean;
                true
            }
            None => false,
        },
        Value::Message(message) => walk(message, kept, with, found),
        Value::List(items) => items
            .iter_mut()
            .fold(false, |any, item| of_value(item, kept, with, found) | any),
        Value::Map(items) => items
            .values_mut()
            .fold(false, |any, item| of_value(item, kept, with, found) | any),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use api::crm::internal::v1::CardChanged;

    use super::*;
    use crate::person::{Kind, Value as Personal};

    #[test]
    fn an_event_loses_the_values_and_nothing_else() {
        let with = Sieve::of_values(&[Personal {
            kind: Kind::Name,
            text: "Иван Петров".into(),
        }]);
        let event = CardChanged {
            version: 7,
            name: "Сделка: Иван Петров".into(),
            ..CardChanged::default()
        };
        let payload = event.encode_to_vec();
        let name = "beseda.crm.internal.v1.CardChanged";
        let mut found = Found::new();
        let clean = clean_message(name, &payload, &[], &with, &mut found).expect("it is there");
        let clean = CardChanged::decode(&clean[..]).expect("a message");
        assert_eq!((clean.version, &clean.name[..]), (7, "Сделка: ***"));
        assert_eq!(
            clean_message(name, &clean.encode_to_vec(), &[], &with, &mut found),
            None
        );
    }
}
