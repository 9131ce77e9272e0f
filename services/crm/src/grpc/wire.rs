//! Between the domain and the wire: what several services share.

use std::str::FromStr;

use api::crm::v1 as proto;
use email_address::EmailAddress;
use kit::time::from_proto;
use kit::validate::Fields;
use prost_types::Timestamp;
use time::OffsetDateTime;
use types::{FieldId, InvalidId, phone};

use super::mask::Mask;
use crate::domain::card::{Card, Labelled, MAX_MESSENGERS, MAX_POINTS, Messenger, Money, Set};
use crate::domain::field::{self, MAX_FIELDS, MAX_TEXT, Value};
use crate::domain::tag::MAX_TAGS;

/// The longest e-mail address there is.
const MAX_EMAIL: usize = 254;

/// Refuses a list that is too long.
pub fn at_most<T>(fields: &mut Fields, field: &str, items: &[T], most: usize) {
    if items.len() > most {
        fields.reject(field, format!("has {} items, may have {most}", items.len()));
    }
}

/// A telephone number.
pub fn phone(fields: &mut Fields, field: &str, text: &str) -> String {
    phone::normalised(text).unwrap_or_else(|| {
        fields.reject(
            field,
            "is not a telephone number in international form, such as +74951234567",
        );
        String::new()
    })
}

/// An e-mail address.
pub fn email(fields: &mut Fields, field: &str, text: &str) -> String {
    let text = text.trim();
    if text.len() > MAX_EMAIL || EmailAddress::from_str(text).is_err() {
        fields.reject(field, "is not an e-mail address of at most 254 characters");
    }
    text.to_owned()
}

fn label(fields: &mut Fields, field: &str, text: &str) -> String {
    fields.line(&format!("{field}.label"), text, 0..=50)
}

/// Keeps the first of several with the same value.
fn distinct(items: impl Iterator<Item = Labelled>) -> Vec<Labelled> {
    let mut kept: Vec<Labelled> = Vec::new();
    for item in items {
        if kept.iter().all(|known| known.value != item.value) {
            kept.push(item);
        }
    }
    kept
}

/// Telephone numbers of a card.
fn phones(fields: &mut Fields, field: &str, items: &[proto::Phone]) -> Vec<Labelled> {
    at_most(fields, field, items, MAX_POINTS);
    distinct(items.iter().enumerate().map(|(place, item)| {
        let field = format!("{field}[{place}]");
        Labelled {
            value: phone(fields, &format!("{field}.number"), &item.number),
            label: label(fields, &field, &item.label),
        }
    }))
}

/// E-mail addresses of a card.
fn emails(fields: &mut Fields, field: &str, items: &[proto::Email]) -> Vec<Labelled> {
    at_most(fields, field, items, MAX_POINTS);
    distinct(items.iter().enumerate().map(|(place, item)| {
        let field = format!("{field}[{place}]");
        Labelled {
            value: email(fields, &format!("{field}.address"), &item.address),
            label: label(fields, &field, &item.label),
        }
    }))
}

/// Postal addresses of a card.
fn addresses(fields: &mut Fields, field: &str, items: &[proto::Address]) -> Vec<Labelled> {
    at_most(fields, field, items, MAX_POINTS);
    distinct(items.iter().enumerate().map(|(place, item)| {
        let field = format!("{field}[{place}]");
        Labelled {
            value: fields.text(&format!("{field}.text"), &item.text, 1..=500),
            label: label(fields, &field, &item.label),
        }
    }))
}

/// How a channel knows a person.
pub fn messenger(fields: &mut Fields, field: &str, item: &proto::MessengerIdentity) -> Messenger {
    Messenger {
        connector: fields.key(
            &format!("{field}.connector_key"),
            &item.connector_key,
            1..=64,
        ),
        external_id: fields.key(&format!("{field}.external_id"), &item.external_id, 1..=256),
        name: fields.line(&format!("{field}.name"), &item.name, 0..=200),
    }
}

/// Messengers of a contact.
pub fn messengers(
    fields: &mut Fields,
    field: &str,
    items: &[proto::MessengerIdentity],
) -> Vec<Messenger> {
    at_most(fields, field, items, MAX_MESSENGERS);
    let mut kept: Vec<Messenger> = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let item = messenger(fields, &format!("{field}[{place}]"), item);
        if kept.iter().all(|known| known.lookup() != item.lookup()) {
            kept.push(item);
        }
    }
    kept
}

/// An amount.
pub fn money(fields: &mut Fields, field: &str, money: Option<&proto::Money>) -> Option<Money> {
    let money = money?;
    if money.amount_minor < 0 {
        fields.reject(&format!("{field}.amount_minor"), "must not be negative");
    }
    let is_code =
        money.currency.len() == 3 && money.currency.bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_code {
        fields.reject(
            &format!("{field}.currency"),
            "is not a currency of ISO 4217, such as RUB",
        );
    }
    Some(Money {
        minor: money.amount_minor,
        currency: money.currency.clone(),
    })
}

/// A point in time.
pub fn time(fields: &mut Fields, field: &str, time: Option<&Timestamp>) -> Option<OffsetDateTime> {
    let time = time?;
    let known = from_proto(time);
    if known.is_none() {
        fields.reject(field, "is not a point in time");
    }
    // As exact as the database keeps it.
    known.map(|time| time.replace_microsecond(time.microsecond()).unwrap_or(time))
}

/// Ids in a list. Only the first that is none is named: an answer has to fit into a header.
pub fn ids<T: FromStr<Err = InvalidId>>(
    fields: &mut Fields,
    field: &str,
    items: &[String],
    most: usize,
) -> Vec<T> {
    at_most(fields, field, items, most);
    let mut ids = Vec::new();
    for (place, text) in items.iter().enumerate() {
        match fields.id(&format!("{field}[{place}]"), text) {
            Some(id) => ids.push(id),
            None => break,
        }
    }
    ids
}

/// An id as the wire has it; empty for none.
pub fn text(id: Option<impl ToString>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// Telephone numbers.
pub fn to_phones(card: &Card) -> Vec<proto::Phone> {
    let phone = |it: &Labelled| proto::Phone {
        number: it.value.clone(),
        label: it.label.clone(),
    };
    card.phones.iter().map(phone).collect()
}

/// E-mail addresses.
pub fn to_emails(card: &Card) -> Vec<proto::Email> {
    let email = |it: &Labelled| proto::Email {
        address: it.value.clone(),
        label: it.label.clone(),
    };
    card.emails.iter().map(email).collect()
}

/// Postal addresses.
pub fn to_addresses(card: &Card) -> Vec<proto::Address> {
    let address = |it: &Labelled| proto::Address {
        text: it.value.clone(),
        label: it.label.clone(),
    };
    card.addresses.iter().map(address).collect()
}

/// An amount.
pub fn to_money(money: Option<&Money>) -> Option<proto::Money> {
    money.map(|money| proto::Money {
        amount_minor: money.minor,
        currency: money.currency.clone(),
    })
}

/// Name and responsible employee of a card. A new card needs a name.
pub fn named(
    fields: &mut Fields,
    mask: &Mask,
    resource: &str,
    (name, responsible): (&str, &str),
    new: bool,
) -> Vec<Set> {
    let mut sets = Vec::new();
    if mask.has("name", new || !name.is_empty()) {
        let name = fields.line(&format!("{resource}.name"), name, 1..=250);
        sets.push(Set::Name(name));
    }
    if mask.has("responsible_user_id", !responsible.is_empty()) {
        let user = fields.id(&format!("{resource}.responsible_user_id"), responsible);
        sets.extend(user.map(Set::Responsible));
    }
    sets
}

/// How to reach a contact or company.
pub fn points(
    fields: &mut Fields,
    mask: &Mask,
    resource: &str,
    (numbers, mails, places): (&[proto::Phone], &[proto::Email], &[proto::Address]),
) -> Vec<Set> {
    let mut sets = Vec::new();
    if mask.has("phones", !numbers.is_empty()) {
        let field = format!("{resource}.phones");
        sets.push(Set::Phones(phones(fields, &field, numbers)));
    }
    if mask.has("emails", !mails.is_empty()) {
        let field = format!("{resource}.emails");
        sets.push(Set::Emails(emails(fields, &field, mails)));
    }
    if mask.has("addresses", !places.is_empty()) {
        let field = format!("{resource}.addresses");
        sets.push(Set::Addresses(addresses(fields, &field, places)));
    }
    sets
}

/// What every kind of card has beside its own fields: tags and values of the account's own fields.
pub fn common(
    fields: &mut Fields,
    mask: &Mask,
    name: &str,
    tag_ids: &[String],
    values: &[proto::FieldValue],
) -> Vec<Set> {
    let mut sets = Vec::new();
    if mask.has("tag_ids", !tag_ids.is_empty()) {
        let tags = ids(fields, &format!("{name}.tag_ids"), tag_ids, MAX_TAGS);
        sets.push(Set::Tags(tags));
    }
    if mask.has("field_values", !values.is_empty()) {
        let field = format!("{name}.field_values");
        at_most(fields, &field, values, MAX_FIELDS);
        let values = values.iter().take(MAX_FIELDS).enumerate();
        let values = values
            .filter_map(|(place, value)| field_value(fields, &format!("{field}[{place}]"), value));
        sets.push(Set::Values(values.collect()));
    }
    sets
}

fn field_value(
    fields: &mut Fields,
    field: &str,
    value: &proto::FieldValue,
) -> Option<(FieldId, Option<Value>)> {
    use proto::field_value::Value as Wire;
    let id = fields.id(&format!("{field}.field_id"), &value.field_id)?;
    let value = match value.value.as_ref() {
        None => None,
        Some(Wire::Text(text)) => Some(Value::Text(fields.text(
            &format!("{field}.text"),
            text,
            0..=MAX_TEXT,
        ))),
        Some(Wire::Number(number)) => {
            if !number.is_finite() {
                fields.reject(&format!("{field}.number"), "must be finite");
            }
            Some(Value::Number(*number))
        }
        Some(Wire::Date(text)) => {
            let date = field::date(text);
            if date.is_none() {
                fields.reject(
                    &format!("{field}.date"),
                    "is not a date, such as 2026-11-22",
                );
            }
            date.map(Value::Date)
        }
        Some(Wire::Option(option)) => Some(Value::Option(fields.line(
            &format!("{field}.option"),
            option,
            1..=100,
        ))),
        Some(Wire::Checked(checked)) => Some(Value::Checked(*checked)),
    };
    Some((id, value))
}

/// Tags of a card.
pub fn to_tags(card: &Card) -> Vec<String> {
    card.tags.iter().map(ToString::to_string).collect()
}

/// Values of the account's own fields.
pub fn to_values(card: &Card) -> Vec<proto::FieldValue> {
    use proto::field_value::Value as Wire;
    let value = |(id, value): (&FieldId, &Value)| proto::FieldValue {
        field_id: id.to_string(),
        value: Some(match value {
            Value::Text(text) => Wire::Text(text.clone()),
            Value::Number(number) => Wire::Number(*number),
            Value::Date(date) => Wire::Date(field::date_text(*date)),
            Value::Option(option) => Wire::Option(option.clone()),
            Value::Checked(checked) => Wire::Checked(*checked),
        }),
    };
    card.values.iter().map(value).collect()
}

/// How a channel knows a person.
pub fn to_messenger(it: &Messenger) -> proto::MessengerIdentity {
    proto::MessengerIdentity {
        connector_key: it.connector.clone(),
        external_id: it.external_id.clone(),
        name: it.name.clone(),
    }
}
