//! Contacts that become one, and that part again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use types::{CompanyId, ContactId, FieldId, TagId, TaskId, UserId};

use super::card::{Card, Labelled, MAX_MESSENGERS, MAX_POINTS, Set};
use super::ids::CardId;
use super::tag::MAX_TAGS;

/// How many contacts may go into another at once.
pub const MAX_SOURCES: usize = 20;
/// How many deals and customers may follow at once: each is changed and told by itself.
pub const MAX_FOLLOWING: usize = 200;

/// A merge, as it is kept until it is taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Merge {
    /// The contacts that went, in their order.
    pub sources: Vec<ContactId>,
    /// What the target got.
    pub gains: Gains,
    /// Deals and customers whose contacts changed.
    pub moved: Vec<Moved>,
    /// Tasks that followed, with whose they were.
    pub tasks: Vec<(TaskId, ContactId)>,
}

/// A deal or customer whose contacts changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// Which.
    pub card: CardId,
    /// Its contacts before.
    pub before: Links,
    /// And after.
    pub after: Links,
}

/// The contacts of a deal or customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// The main one.
    pub main: Option<ContactId>,
    /// Further ones.
    pub others: Vec<ContactId>,
}

impl Links {
    /// Those of a card.
    #[must_use]
    pub fn of(card: &Card) -> Self {
        Self {
            main: card.main_contact,
            others: card.contacts.clone(),
        }
    }

    /// Gives a card these.
    pub fn give(&self, card: &mut Card) {
        card.set(Set::MainContact(self.main));
        card.set(Set::Contacts(self.others.clone()));
    }

    /// With one contact in the place of others, where it was the first of them; once.
    #[must_use]
    pub fn with(&self, target: ContactId, sources: &[ContactId]) -> Self {
        let put = |contact: ContactId| match sources.contains(&contact) {
            true => target,
            false => contact,
        };
        let main = self.main.map(put);
        let mut others: Vec<ContactId> = Vec::new();
        for contact in self.others.iter().copied().map(put) {
            if Some(contact) != main && !others.contains(&contact) {
                others.push(contact);
            }
        }
        Self { main, others }
    }
}

/// What a contact got by a merge: enough to find it again and take it out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Gains {
    phones: Vec<String>,
    emails: Vec<String>,
    addresses: Vec<String>,
    messengers: Vec<String>,
    tags: Vec<TagId>,
    /// Employees who were subscribed.
    pub followers: Vec<UserId>,
    company: Option<CompanyId>,
    values: BTreeMap<FieldId, Json>,
}

/// Puts what sources have into the target, without doubles; what the target has stays first. Says what it got.
///
/// # Errors
/// How many of something there may be, where there would be more.
pub fn unite(target: &mut Card, sources: &[Card]) -> Result<Gains, usize> {
    let mut gains = Gains::default();
    for source in sources {
        gains
            .phones
            .extend(add(&mut target.phones, &source.phones, same));
        gains
            .emails
            .extend(add(&mut target.emails, &source.emails, str::to_lowercase));
        gains
            .addresses
            .extend(add(&mut target.addresses, &source.addresses, same));
        for messenger in &source.messengers {
            let key = messenger.lookup();
            if target.messengers.iter().all(|known| known.lookup() != key) {
                target.messengers.push(messenger.clone());
                gains.messengers.push(key);
            }
        }
        gains.tags.extend(add_ids(&mut target.tags, &source.tags));
        gains
            .followers
            .extend(add_ids(&mut target.followers, &source.followers));
        if target.company.is_none() && source.company.is_some() {
            target.company = source.company;
            gains.company = source.company;
        }
        for (field, value) in &source.values {
            if !target.values.contains_key(field) {
                target.values.insert(*field, value.clone());
                gains.values.insert(*field, value.json());
            }
        }
    }
    fits(target).map(|()| gains)
}

fn same(value: &str) -> String {
    value.to_owned()
}

/// Adds those whose value is not there yet; their values.
fn add(to: &mut Vec<Labelled>, from: &[Labelled], key: fn(&str) -> String) -> Vec<String> {
    let mut added = Vec::new();
    for item in from {
        if to.iter().all(|known| key(&known.value) != key(&item.value)) {
            to.push(item.clone());
            added.push(item.value.clone());
        }
    }
    added
}

fn add_ids<T: Copy + Ord>(to: &mut Vec<T>, from: &[T]) -> Vec<T> {
    let added: Vec<T> = from.iter().copied().filter(|id| !to.contains(id)).collect();
    to.extend(&added);
    to.sort_unstable();
    added
}

fn fits(card: &Card) -> Result<(), usize> {
    let counts = [
        (card.phones.len(), MAX_POINTS),
        (card.emails.len(), MAX_POINTS),
        (card.addresses.len(), MAX_POINTS),
        (card.messengers.len(), MAX_MESSENGERS),
        (card.tags.len(), MAX_TAGS),
    ];
    let over = counts.into_iter().find(|(count, max)| count > max);
    over.map_or(Ok(()), |(_, max)| Err(max))
}

impl Gains {
    /// Telephone numbers, e-mails and addresses that it got.
    #[must_use]
    pub fn points(&self) -> [&[String]; 3] {
        [&self.phones, &self.emails, &self.addresses]
    }

    /// Forgets these, messengers that are personal, and what is personal in the values. True when there was something.
    pub fn forget(
        &mut self,
        is_personal: impl Fn(&str) -> bool,
        mut clean: impl FnMut(&mut Json) -> bool,
    ) -> bool {
        let count = |gains: &Self| {
            let points = gains.points().map(<[String]>::len).iter().sum::<usize>();
            points + gains.messengers.len()
        };
        let before = count(self);
        for points in [&mut self.phones, &mut self.emails, &mut self.addresses] {
            points.clear();
        }
        self.messengers.retain(|key| !is_personal(key));
        let values = self.values.values_mut();
        let cleaned = values.fold(false, |any, value| clean(value) | any);
        cleaned || count(self) < before
    }

    /// Takes what was got out again, where it is still there. Names the fields that hold something else by now.
    #[must_use]
    pub fn part(&self, target: &mut Card) -> Vec<String> {
        target.phones.retain(|it| !self.phones.contains(&it.value));
        target.emails.retain(|it| !self.emails.contains(&it.value));
        target
            .addresses
            .retain(|it| !self.addresses.contains(&it.value));
        target
            .messengers
            .retain(|it| !self.messengers.contains(&it.lookup()));
        target.tags.retain(|tag| !self.tags.contains(tag));
        target
            .followers
            .retain(|user| !self.followers.contains(user));
        let mut kept = Vec::new();
        if self.company.is_some() {
            match target.company {
                company if company == self.company => target.company = None,
                Some(_) => kept.push("company_id".to_owned()),
                None => {}
            }
        }
        for (field, got) in &self.values {
            match target.values.get(field).map(|value| value.json()) {
                Some(value) if value == *got => drop(target.values.remove(field)),
                Some(_) => kept.push(field.to_string()),
                None => {}
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::domain::ids::Kind;

    fn contact(phones: &[&str]) -> Card {
        let (id, user) = (CardId::generate(Kind::Contact), UserId::generate());
        let mut card = Card::blank(id, user, OffsetDateTime::UNIX_EPOCH);
        let phone = |value: &&str| Labelled {
            value: (*value).to_owned(),
            label: String::new(),
        };
        card.phones = phones.iter().map(phone).collect();
        card
    }

    #[test]
    fn what_is_united_parts_again() {
        let before = contact(&["+79160000001"]);
        let mut other = contact(&["+79160000001", "+79160000002"]);
        other.set(Set::Tags(vec![TagId::generate()]));
        other.set(Set::Company(Some(CompanyId::generate())));
        other.followers = vec![UserId::generate()];
        let mut target = before.clone();
        let gains = unite(&mut target, &[other.clone()]).expect("few");
        assert_eq!(target.phones, other.phones, "no number is there twice");
        assert_eq!(gains.part(&mut target), Vec::<String>::new());
        assert_eq!(target, before);
    }

    #[test]
    fn what_changed_since_stays() {
        let mut other = contact(&[]);
        other.set(Set::Company(Some(CompanyId::generate())));
        let mut target = contact(&[]);
        let gains = unite(&mut target, &[other]).expect("few");
        let later = Some(CompanyId::generate());
        target.set(Set::Company(later));
        assert_eq!(gains.part(&mut target), ["company_id"]);
        assert_eq!(target.company, later);
    }

    #[test]
    fn too_many_do_not_unite() {
        let numbers: Vec<_> = (0..=MAX_POINTS).map(|number| number.to_string()).collect();
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let mut target = contact(&numbers[..1]);
        assert_eq!(unite(&mut target, &[contact(&numbers)]), Err(MAX_POINTS));
    }

    #[test]
    fn one_contact_takes_the_place_of_others() {
        let [target, source, other] = [(); 3].map(|()| ContactId::generate());
        let links = Links {
            main: Some(source),
            others: vec![other, target],
        };
        let after = links.with(target, &[source]);
        assert_eq!((after.main, after.others), (Some(target), vec![other]));
    }
}
