//! Cards: contacts, companies, deals, customers.
//!
//! A card holds what its kind has; the rest stays empty. Each field has the name that update masks, rights on fields and the
//! timeline use.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use types::{CompanyId, ContactId, FieldId, PipelineId, StageId, TagId, UserId};

use super::field::Value as FieldValue;
use super::ids::{CardId, Kind};

/// How many telephone numbers, e-mails or addresses a card may have.
pub const MAX_POINTS: usize = 20;
/// How many messengers a contact may have.
pub const MAX_MESSENGERS: usize = 50;
/// How many contacts a deal or customer may have beside the main one.
pub const MAX_CONTACTS: usize = 50;

/// A card.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// Its id.
    pub id: CardId,
    /// Name.
    pub name: String,
    /// The employee who is responsible.
    pub responsible: UserId,
    /// Employees who are subscribed, in the order of their ids.
    pub followers: Vec<UserId>,
    /// Telephone numbers, E.164.
    pub phones: Vec<Labelled>,
    /// E-mail addresses.
    pub emails: Vec<Labelled>,
    /// Postal addresses.
    pub addresses: Vec<Labelled>,
    /// How channels know a contact.
    pub messengers: Vec<Messenger>,
    /// The main contact of a deal or customer.
    pub main_contact: Option<ContactId>,
    /// Further contacts of a deal or customer.
    pub contacts: Vec<ContactId>,
    /// Where it belongs to.
    pub company: Option<CompanyId>,
    /// Where a deal stands.
    pub place: Option<Place>,
    /// What a deal is worth, or a customer is expected to buy for.
    pub price: Option<Money>,
    /// When a customer is expected to buy next.
    pub purchase_time: Option<OffsetDateTime>,
    /// Tags, in the order of their ids.
    pub tags: Vec<TagId>,
    /// Values of the account's own fields.
    pub values: BTreeMap<FieldId, FieldValue>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub create_time: OffsetDateTime,
    /// When it was last changed.
    pub update_time: OffsetDateTime,
}

/// A value and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The value.
    pub value: String,
    /// What it is for.
    pub label: String,
}

/// How a channel knows a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Messenger {
    /// Key of the connector.
    pub connector: String,
    /// The channel's id of the person.
    pub external_id: String,
    /// Their name there.
    pub name: String,
}

impl Messenger {
    /// By what a contact is found.
    #[must_use]
    pub fn lookup(&self) -> String {
        lookup(&self.connector, &self.external_id)
    }
}

/// By what a contact is found whom a channel knows by an id: neither part can contain a line break.
#[must_use]
pub fn lookup(connector: &str, external_id: &str) -> String {
    format!("{connector}\n{external_id}")
}

/// Where a deal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// In which pipeline.
    pub pipeline: PipelineId,
    /// On which stage of it.
    pub stage: StageId,
    /// When it reached a final stage.
    pub close_time: Option<OffsetDateTime>,
}

/// An amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// In the smallest unit.
    pub minor: i64,
    /// ISO 4217.
    pub currency: String,
}

/// A new value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Set {
    /// Name.
    Name(String),
    /// Who is responsible.
    Responsible(UserId),
    /// Telephone numbers.
    Phones(Vec<Labelled>),
    /// E-mails.
    Emails(Vec<Labelled>),
    /// Addresses.
    Addresses(Vec<Labelled>),
    /// Messengers.
    Messengers(Vec<Messenger>),
    /// Main contact.
    MainContact(Option<ContactId>),
    /// Further contacts.
    Contacts(Vec<ContactId>),
    /// Company.
    Company(Option<CompanyId>),
    /// Price, or next price.
    Price(Option<Money>),
    /// Next purchase.
    PurchaseTime(Option<OffsetDateTime>),
    /// Tags.
    Tags(Vec<TagId>),
    /// Values of the account's own fields; `None` takes one away, those that are not named stay.
    Values(Vec<(FieldId, Option<FieldValue>)>),
}

/// A field that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// Which.
    pub field: Cow<'static, str>,
    /// What it was.
    pub before: Value,
    /// What it is.
    pub after: Value,
}

impl Card {
    /// A card without a name, of somebody.
    #[must_use]
    pub fn blank(id: CardId, responsible: UserId, now: OffsetDateTime) -> Self {
        Self {
            id,
            name: String::new(),
            responsible,
            followers: Vec::new(),
            phones: Vec::new(),
            emails: Vec::new(),
            addresses: Vec::new(),
            messengers: Vec::new(),
            main_contact: None,
            contacts: Vec::new(),
            company: None,
            place: None,
            price: None,
            purchase_time: None,
            tags: Vec::new(),
            values: BTreeMap::new(),
            version: 1,
            create_time: now,
            update_time: now,
        }
    }

    /// The stage of a deal.
    #[must_use]
    pub fn stage(&self) -> Option<StageId> {
        self.place.map(|place| place.stage)
    }

    /// Its contacts, the main one first.
    pub fn all_contacts(&self) -> impl Iterator<Item = ContactId> + '_ {
        self.main_contact
            .into_iter()
            .chain(self.contacts.iter().copied())
    }

    /// Gives a field a new value.
    pub fn set(&mut self, set: Set) {
        match set {
            Set::Name(name) => self.name = name,
            Set::Responsible(user) => self.responsible = user,
            Set::Phones(phones) => self.phones = phones,
            Set::Emails(emails) => self.emails = emails,
            Set::Addresses(addresses) => self.addresses = addresses,
            Set::Messengers(messengers) => self.messengers = messengers,
            Set::MainContact(contact) => self.main_contact = contact,
            Set::Contacts(contacts) => self.contacts = contacts,
            Set::Company(company) => self.company = company,
            Set::Price(price) => self.price = price,
            Set::PurchaseTime(time) => self.purchase_time = time,
            Set::Tags(mut tags) => {
                tags.sort_unstable();
                tags.dedup();
                self.tags = tags;
            }
            Set::Values(values) => values.into_iter().for_each(|(field, value)| match value {
                Some(value) => drop(self.values.insert(field, value)),
                None => drop(self.values.remove(&field)),
            }),
        }
        // The main contact is not a further one as well.
        self.contacts
            .retain(|contact| Some(*contact) != self.main_contact);
    }

    /// Its standard fields that can be changed, with their values, `null` where there is none.
    #[must_use]
    pub fn fields(&self) -> Vec<(Cow<'static, str>, Value)> {
        let mut fields = vec![
            ("name", json!(self.name)),
            ("responsible_user_id", json!(self.responsible)),
            ("tag_ids", list(&self.tags, |tag| json!(tag))),
        ];
        match self.id.kind() {
            Kind::Contact => {
                fields.extend(self.points());
                fields.push(("messengers", messengers(&self.messengers)));
                fields.push(("company_id", json!(self.company)));
            }
            Kind::Company => fields.extend(self.points()),
            Kind::Deal => {
                fields.extend(self.links());
                let place = self.place;
                fields.push(("pipeline_id", json!(place.map(|place| place.pipeline))));
                fields.push(("stage_id", json!(place.map(|place| place.stage))));
                fields.push(("price", money(self.price.as_ref())));
            }
            Kind::Customer => {
                fields.extend(self.links());
                fields.push(("next_price", money(self.price.as_ref())));
                let time = self
                    .purchase_time
                    .and_then(|time| time.format(&Rfc3339).ok());
                fields.push(("next_purchase_time", json!(time)));
            }
        }
        fields
            .into_iter()
            .map(|(name, value)| (Cow::Borrowed(name), value))
            .collect()
    }

    /// What differs from how it was: the fields that every such card has, then the account's own.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Vec<FieldChange> {
        let fields = before.fields().into_iter().zip(self.fields());
        let own = before
            .values
            .keys()
            .chain(self.values.keys())
            .collect::<BTreeSet<_>>();
        let own = own
            .into_iter()
            .map(|id| (id.to_string(), before.value(*id), self.value(*id)));
        fields
            .map(|((field, before), (_, after))| (field, before, after))
            .chain(own.map(|(field, before, after)| (Cow::Owned(field), before, after)))
            .filter(|(_, before, after)| before != after)
            .map(|(field, before, after)| FieldChange {
                field,
                before,
                after,
            })
            .collect()
    }

    fn value(&self, field: FieldId) -> Value {
        self.values
            .get(&field)
            .map_or(Value::Null, FieldValue::json)
    }

    fn points(&self) -> [(&'static str, Value); 3] {
        [
            ("phones", labelled(&self.phones)),
            ("emails", labelled(&self.emails)),
            ("addresses", labelled(&self.addresses)),
        ]
    }

    fn links(&self) -> [(&'static str, Value); 3] {
        [
            ("main_contact_id", json!(self.main_contact)),
            (
                "contact_ids",
                list(&self.contacts, |contact| json!(contact)),
            ),
            ("company_id", json!(self.company)),
        ]
    }
}

/// A list as JSON; `null` for an empty one.
fn list<T>(items: &[T], item: impl Fn(&T) -> Value) -> Value {
    if items.is_empty() {
        return Value::Null;
    }
    Value::Array(items.iter().map(item).collect())
}

fn labelled(items: &[Labelled]) -> Value {
    list(
        items,
        |item| json!({"value": item.value, "label": item.label}),
    )
}

fn messengers(items: &[Messenger]) -> Value {
    list(
        items,
        |item| json!({"connector_key": item.connector, "external_id": item.external_id, "name": item.name}),
    )
}

fn money(money: Option<&Money>) -> Value {
    money.map_or(
        Value::Null,
        |money| json!({"amount_minor": money.minor, "currency": money.currency}),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deal() -> Card {
        let mut card = Card::blank(
            CardId::generate(Kind::Deal),
            UserId::generate(),
            OffsetDateTime::UNIX_EPOCH,
        );
        card.set(Set::Name("Окна".to_owned()));
        card
    }

    #[test]
    fn what_changed_is_told_field_by_field() {
        let before = deal();
        let mut after = before.clone();
        after.set(Set::Name("Двери".to_owned()));
        after.set(Set::Price(Some(Money {
            minor: 100,
            currency: "RUB".to_owned(),
        })));
        let changes = after.changes_since(&before);
        let told: Vec<_> = changes
            .iter()
            .map(|change| format!("{}: {} -> {}", change.field, change.before, change.after))
            .collect();
        assert_eq!(
            told,
            [
                r#"name: "Окна" -> "Двери""#,
                r#"price: null -> {"amount_minor":100,"currency":"RUB"}"#,
            ]
        );
        assert!(before.changes_since(&before).is_empty());
    }

    #[test]
    fn the_main_contact_is_not_a_further_one_too() {
        let (main, other) = (ContactId::generate(), ContactId::generate());
        let mut card = deal();
        card.set(Set::Contacts(vec![main, other]));
        card.set(Set::MainContact(Some(main)));
        assert_eq!(card.contacts, [other]);
        assert_eq!(card.all_contacts().collect::<Vec<_>>(), [main, other]);
    }
}
