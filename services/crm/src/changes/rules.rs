//! What rules add (SYN-07 … SYN-17): contact, deal, unsorted record and task under ids that the rules chose before they called, so that
//! a call that is repeated finds what the first one made.

use ::events::NewEvent;
use pg::Tx;
use types::{ContactId, DealId, FieldId, StageId, UserId};

use super::cards::{self, PlaceWish, Values};
use super::{tags, tasks, unsorted};
use crate::Error;
use crate::core::By;
use crate::domain::card::{Card, Messenger, Set};
use crate::domain::field::Value;
use crate::domain::ids::{CardId, Kind};
use crate::domain::task::Task;
use crate::domain::unsorted::Record;
use crate::store;
use crate::store::cards::lookup::{Lookup, lookup};

/// What is to be there.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// A contact.
    pub contact: Option<NewCard>,
    /// A deal, and its contact where the call makes none.
    pub deal: Option<(NewCard, Option<ContactId>)>,
    /// A record.
    pub record: Option<Record>,
    /// A task; without a card it is about the deal of the call.
    pub task: Option<Task>,
}

/// A card that rules add.
#[derive(Debug, Clone)]
pub struct NewCard {
    /// Its id.
    pub id: CardId,
    /// What its kind has of name, responsible employee, telephone numbers, messengers.
    pub sets: Vec<Set>,
    /// How the channel knows the client, by which a contact that is there is found.
    pub messenger: Option<Messenger>,
    /// Of a deal: where it stands.
    pub stage: Option<StageId>,
    /// Names of its tags.
    pub tags: Vec<String>,
    /// Texts of the account's own fields.
    pub values: Vec<(FieldId, String)>,
}

/// What is there after it.
#[derive(Debug, Default)]
pub struct Applied {
    /// The contact.
    pub contact: Option<Card>,
    /// The deal.
    pub deal: Option<Card>,
    /// What to tell others; the caller's to append, last.
    pub events: Vec<NewEvent>,
}

/// Makes it so. What is there under its id stays as it is.
///
/// # Errors
/// What is named and not there, or when the database fails.
pub async fn apply(tx: &mut Tx, by: &By, wanted: Wanted) -> Result<Applied, Error> {
    let mut applied = Applied::default();
    if let Some(contact) = wanted.contact {
        applied.contact = Some(put_contact(tx, by, contact, &mut applied.events).await?);
    }
    if let Some((mut deal, contact)) = wanted.deal {
        let made = applied.contact.as_ref().map(|card| card.id.uuid().into());
        deal.sets.push(Set::MainContact(contact.or(made)));
        applied.deal = Some(put_card(tx, by, deal, &mut applied.events).await?);
    }
    if let Some(record) = wanted.record {
        let there = store::unsorted::get(tx, by.account, record.id, false).await?;
        if there.is_none() {
            unsorted::create(tx, by, &record).await?;
        }
    }
    if let Some(mut task) = wanted.task {
        task.card = task.card.or(applied.deal.as_ref().map(|deal| deal.id));
        if store::tasks::get(tx, by.account, task.id, false)
            .await?
            .is_none()
        {
            tasks::create(tx, by, &task).await?;
        }
    }
    Ok(applied)
}

/// The contact under this id, or who has the messenger by now, or a new one.
async fn put_contact(
    tx: &mut Tx,
    by: &By,
    contact: NewCard,
    events: &mut Vec<NewEvent>,
) -> Result<Card, Error> {
    if let Some(messenger) = &contact.messenger {
        store::cards::lock_messenger(tx, by.account, &messenger.lookup()).await?;
        let having = Lookup::Messenger(messenger.clone());
        let mut found = lookup(tx, by.account, Kind::Contact, &having, None, 1).await?;
        if let Some(card) = found.pop() {
            return Ok(card);
        }
    }
    put_card(tx, by, contact, events).await
}

async fn put_card(
    tx: &mut Tx,
    by: &By,
    card: NewCard,
    events: &mut Vec<NewEvent>,
) -> Result<Card, Error> {
    if let Some(there) = store::cards::get(tx, by.account, card.id).await? {
        return Ok(there);
    }
    let mut sets = card.sets;
    sets.push(Set::Tags(tags::named(tx, by, &card.tags, events).await?));
    let text = |(field, text)| (field, Some(Value::Text(text)));
    sets.push(Set::Values(card.values.into_iter().map(text).collect()));
    let place = PlaceWish {
        pipeline: None,
        stage: card.stage,
    };
    let made = cards::create_as(tx, by, card.id, Values { sets, place }).await;
    let made = made.map_err(|error| gone(error, card.id))?;
    events.extend(made.event);
    Ok(made.card)
}

/// The id is taken by a card that was deleted: it is not made a second time.
fn gone(error: Error, id: CardId) -> Error {
    match error {
        Error::Store(pg::Error::Conflict { constraint }) if constraint == "cards_pkey" => {
            Error::CardNotFound(id)
        }
        error => error,
    }
}

/// Who wrote, as far as the account knows.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// Contact of the chat.
    pub contact: Option<ContactId>,
    /// How the channel knows them.
    pub messenger: Option<Messenger>,
    /// Telephone number, E.164.
    pub phone: Option<String>,
}

/// The contact of a client: the one that is named, else the one that has the messenger, else the one that has the number; of several
/// the last changed.
///
/// # Errors
/// When the database fails.
pub async fn contact_of(tx: &mut Tx, by: &By, client: Client) -> Result<Option<Card>, Error> {
    if let Some(contact) = client.contact {
        let named = store::cards::get(tx, by.account, contact.into()).await?;
        if named.is_some() {
            return Ok(named);
        }
    }
    let messenger = client.messenger.map(Lookup::Messenger);
    let phone = client.phone.map(Lookup::Phone);
    for having in messenger.into_iter().chain(phone) {
        let mut found = lookup(tx, by.account, Kind::Contact, &having, None, 1).await?;
        if let Some(card) = found.pop() {
            return Ok(Some(card));
        }
    }
    Ok(None)
}

/// How many deals of a contact are looked at.
const DEALS: i64 = 250;

/// The contact's deals, the last changed first.
///
/// # Errors
/// When the database fails.
pub async fn deals_of(tx: &mut Tx, by: &By, contact: ContactId) -> Result<Vec<Card>, Error> {
    let having = Lookup::Contact(contact);
    Ok(lookup(tx, by.account, Kind::Deal, &having, None, DEALS).await?)
}

/// A contact that is to be added.
#[must_use]
pub fn new_contact(id: ContactId, name: String, responsible: UserId) -> NewCard {
    NewCard {
        id: id.into(),
        sets: vec![Set::Name(name), Set::Responsible(responsible)],
        messenger: None,
        stage: None,
        tags: Vec::new(),
        values: Vec::new(),
    }
}

/// A deal that is to be added.
#[must_use]
pub fn new_deal(id: DealId, name: String, responsible: UserId, stage: StageId) -> NewCard {
    NewCard {
        id: id.into(),
        sets: vec![Set::Name(name), Set::Responsible(responsible)],
        messenger: None,
        stage: Some(stage),
        tags: Vec::new(),
        values: Vec::new(),
    }
}
