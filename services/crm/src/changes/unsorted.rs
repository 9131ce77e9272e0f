//! Requests that nobody has taken up yet.

use ::events::NewEvent;
use access::{Action, Entity, Relation};
use kit::Refusal;
use pg::Tx;
use types::{ContactId, DealId, StageId, UnsortedId, UserId};

use super::cards::{self, PlaceWish, Values};
use crate::Error;
use crate::core::By;
use crate::domain::card::{Labelled, Set};
use crate::domain::ids::{CardId, Kind};
use crate::domain::unsorted::{Decision, Record, Verdict};
use crate::store;
use crate::store::cards::lookup::{Lookup, lookup};
use crate::store::{pipelines, unsorted};

/// How many contacts with the record's number are looked at.
const LOOK: i64 = 50;

/// How a record is taken up.
#[derive(Debug, Clone, Default)]
pub struct Acceptance {
    /// Who becomes responsible; `None` for the caller.
    pub responsible: Option<UserId>,
    /// Which contact; `None` for the one that has the messenger or number, or a new one.
    pub contact: Option<ContactId>,
    /// Which stage; `None` for the first of the record's pipeline.
    pub stage: Option<StageId>,
}

/// May the caller do this with records? Nobody is responsible for one, so only a right without conditions reaches it.
#[must_use]
pub fn may(by: &By, action: Action) -> bool {
    by.viewer
        .rights
        .may(Entity::Unsorted, action, Relation::Other, None)
}

/// Adds a record.
///
/// # Errors
/// `Denied`, `PipelineNotFound`, or when the database fails.
pub async fn create(tx: &mut Tx, by: &By, record: &Record) -> Result<(), Error> {
    if !may(by, Action::Create) {
        return Err(Error::Denied(Entity::Unsorted, Action::Create));
    }
    if let Some(id) = record.pipeline {
        pipelines::get(tx, by.account, id, false)
            .await?
            .ok_or(Error::PipelineNotFound(id))?;
    }
    Ok(unsorted::insert(tx, by.account, record).await?)
}

/// Takes a record up: makes its deal, and its contact where there is none. The events are the caller's to append, last.
///
/// # Errors
/// `RecordNotFound`, `RecordDecided`, `Denied`, what is named and not there, or when the database fails.
pub async fn accept(
    tx: &mut Tx,
    by: &By,
    id: UnsortedId,
    how: Acceptance,
) -> Result<(Record, Vec<NewEvent>), Error> {
    let record = pending(tx, by, id).await?;
    let responsible = how.responsible.or(by.viewer.user()).ok_or_else(|| {
        Refusal::field(
            "responsible_user_id",
            "must name an employee, since the caller is none",
        )
    })?;
    let mut events = Vec::new();
    let known = match how.contact {
        Some(contact) => Some(contact),
        None => known_contact(tx, by, &record).await?,
    };
    let contact = match known {
        Some(contact) => contact,
        None => new_contact(tx, by, &record, responsible, &mut events).await?,
    };
    let place = PlaceWish {
        pipeline: record.pipeline.filter(|_| how.stage.is_none()),
        stage: how.stage,
    };
    let sets = vec![
        Set::Name(record.title.clone()),
        Set::Responsible(responsible),
        Set::MainContact(Some(contact)),
    ];
    let deal = cards::create(tx, by, Kind::Deal, Values { sets, place }).await?;
    events.extend(deal.event);
    let deal = DealId::from(deal.card.id.uuid());
    let record = decided(tx, by, record, Verdict::Accepted(deal, contact)).await?;
    Ok((record, events))
}

/// The contact that has the record's messenger, else its number, and that the caller may view; the last changed of several.
async fn known_contact(tx: &mut Tx, by: &By, record: &Record) -> Result<Option<ContactId>, Error> {
    let messenger = record.messenger.clone().map(Lookup::Messenger);
    let phone = record.phone.clone().map(Lookup::Phone);
    for having in messenger.into_iter().chain(phone) {
        let found = lookup(tx, by.account, Kind::Contact, &having, None, LOOK).await?;
        let visible = found
            .into_iter()
            .find(|card| by.viewer.may(Action::View, card));
        if let Some(CardId::Contact(id)) = visible.map(|card| card.id) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

async fn new_contact(
    tx: &mut Tx,
    by: &By,
    record: &Record,
    responsible: UserId,
    events: &mut Vec<NewEvent>,
) -> Result<ContactId, Error> {
    let name = if record.contact_name.is_empty() {
        &record.title
    } else {
        &record.contact_name
    };
    let mut sets = vec![Set::Name(name.clone()), Set::Responsible(responsible)];
    let point = |value: &String| {
        vec![Labelled {
            value: value.clone(),
            label: String::new(),
        }]
    };
    sets.extend(record.phone.as_ref().map(point).map(Set::Phones));
    sets.extend(record.email.as_ref().map(point).map(Set::Emails));
    sets.extend(
        record
            .messenger
            .clone()
            .map(|messenger| Set::Messengers(vec![messenger])),
    );
    let values = Values {
        sets,
        ..Values::default()
    };
    let contact = cards::create(tx, by, Kind::Contact, values).await?;
    events.extend(contact.event);
    Ok(ContactId::from(contact.card.id.uuid()))
}

/// Takes a record up in a deal that is there.
///
/// # Errors
/// `RecordNotFound`, `RecordDecided`, `Denied`, `CardNotFound`, or when the database fails.
pub async fn link(tx: &mut Tx, by: &By, id: UnsortedId, deal: DealId) -> Result<Record, Error> {
    let record = pending(tx, by, id).await?;
    let card = store::cards::get(tx, by.account, deal.into()).await?;
    card.filter(|card| by.viewer.may(Action::View, card))
        .ok_or(Error::CardNotFound(deal.into()))?;
    decided(tx, by, record, Verdict::Linked(deal)).await
}

/// Puts a record aside.
///
/// # Errors
/// `RecordNotFound`, `RecordDecided`, `Denied`, or when the database fails.
pub async fn decline(tx: &mut Tx, by: &By, id: UnsortedId) -> Result<Record, Error> {
    let record = pending(tx, by, id).await?;
    decided(tx, by, record, Verdict::Declined).await
}

/// A record that the caller may decide, locked.
async fn pending(tx: &mut Tx, by: &By, id: UnsortedId) -> Result<Record, Error> {
    let record = unsorted::get(tx, by.account, id, true).await?;
    let record = record
        .filter(|_| may(by, Action::View))
        .ok_or(Error::RecordNotFound(id))?;
    if !may(by, Action::Edit) {
        return Err(Error::Denied(Entity::Unsorted, Action::Edit));
    }
    match record.decision {
        None => Ok(record),
        Some(_) => Err(Error::RecordDecided(id)),
    }
}

async fn decided(
    tx: &mut Tx,
    by: &By,
    mut record: Record,
    verdict: Verdict,
) -> Result<Record, Error> {
    record.decision = Some(Decision {
        verdict,
        by: by.viewer.author.id.clone(),
        time: by.now,
    });
    unsorted::decide(tx, by.account, &record).await?;
    Ok(record)
}
