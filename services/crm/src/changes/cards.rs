//! Cards.

use ::events::NewEvent;
use access::Action;
use kit::Refusal;
use pg::Tx;
use serde_json::json;
use types::{TimelineEntryId, UserId};

use super::events::{self, Fate};
use super::references::{check_links, check_tags, check_user, check_values, resolve_place};
use crate::Error;
use crate::core::By;
use crate::domain::card::{Card, FieldChange, Set};
use crate::domain::etag_fits;
use crate::domain::ids::{CardId, Kind};
use crate::domain::timeline::{Entry, Event};
use crate::store::{cards, timeline};

pub use super::references::PlaceWish;

/// New values of a card's fields.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// The fields.
    pub sets: Vec<Set>,
    /// Of a deal: pipeline and stage.
    pub place: PlaceWish,
}

/// A changed card, and the event to append last; none where nothing changed.
#[derive(Debug)]
pub struct Changed {
    /// The card after it.
    pub card: Card,
    /// What to tell others.
    pub event: Option<NewEvent>,
}

/// Adds a card.
///
/// # Errors
/// `Denied`, `FieldNotEditable`, what is named and not there, or when the database fails.
pub async fn create(tx: &mut Tx, by: &By, kind: Kind, values: Values) -> Result<Changed, Error> {
    create_as(tx, by, CardId::generate(kind), values).await
}

/// Adds a card under an id that was chosen before.
///
/// # Errors
/// As [`create`].
pub async fn create_as(tx: &mut Tx, by: &By, id: CardId, values: Values) -> Result<Changed, Error> {
    let kind = id.kind();
    let responsible = responsible_for(by, kind, &values)?;
    let mut blank = Card::blank(id, by.viewer.user().unwrap_or(responsible), by.now);
    let mut card = blank.clone();
    values.sets.into_iter().for_each(|set| card.set(set));
    if kind == Kind::Deal {
        card.place = Some(resolve_place(tx, by, values.place, None).await?);
        if values.place.is_empty() {
            blank.place = card.place;
        }
    }
    let entity = kind.entity();
    if !by
        .viewer
        .may_do(entity, Action::Create, card.responsible, card.stage())
    {
        return Err(Error::Denied(entity, Action::Create));
    }
    // A card needs a name: who may add one may name it.
    let given = card.changes_since(&blank);
    check_fields(
        by,
        &card,
        given.iter().filter(|change| change.field != "name"),
    )?;
    check_links(tx, by, &blank, &card).await?;
    check_tags(tx, by, &blank, &mut card).await?;
    check_values(tx, by, &blank, &mut card).await?;
    cards::insert(tx, by.account, &card).await?;
    let created = entry(by, Event::Created, "", None, Some(json!(card.name)));
    timeline::insert(tx, by.account, card.id, &[created]).await?;
    let event = Some(events::of_card(by.account, &card, Fate::There));
    Ok(Changed { card, event })
}

/// Who is named, else the caller.
fn responsible_for(by: &By, kind: Kind, values: &Values) -> Result<UserId, Error> {
    let named = values.sets.iter().find_map(|set| match set {
        Set::Responsible(user) => Some(*user),
        _ => None,
    });
    let user = named
        .or(by.viewer.user())
        .ok_or_else(|| nobody_responsible(kind))?;
    check_user(by, user)?;
    Ok(user)
}

fn nobody_responsible(kind: Kind) -> Error {
    let resource = match kind {
        Kind::Contact => "contact",
        Kind::Company => "company",
        Kind::Deal => "deal",
        Kind::Customer => "customer",
    };
    let field = format!("{resource}.responsible_user_id");
    Refusal::field(&field, "must name an employee, since the caller is none").into()
}

/// Changes a card.
///
/// # Errors
/// `CardNotFound`, `Denied`, `FieldNotEditable`, `EtagMismatch`, what is named and not there, or when the database fails.
pub async fn update(
    tx: &mut Tx,
    by: &By,
    id: CardId,
    values: Values,
    etag: &str,
) -> Result<Changed, Error> {
    let before = locked(tx, by, id, Action::Edit, etag).await?;
    let mut card = before.clone();
    values.sets.into_iter().for_each(|set| card.set(set));
    if !values.place.is_empty() {
        card.place = Some(resolve_place(tx, by, values.place, before.place).await?);
    }
    if card.stage() != before.stage() && !by.viewer.may(Action::Edit, &card_at(&before, &card)) {
        return Err(Error::Denied(id.kind().entity(), Action::Edit));
    }
    if card.responsible != before.responsible {
        check_user(by, card.responsible)?;
    }
    let changes = card.changes_since(&before);
    if changes.is_empty() {
        return Ok(Changed { card, event: None });
    }
    check_fields(by, &card, changes.iter())?;
    check_links(tx, by, &before, &card).await?;
    check_tags(tx, by, &before, &mut card).await?;
    check_values(tx, by, &before, &mut card).await?;
    next_version(&mut card, by);
    cards::update(tx, by.account, &before, &card).await?;
    let entries: Vec<_> = changes
        .into_iter()
        .map(|change| of_change(by, change))
        .collect();
    timeline::insert(tx, by.account, id, &entries).await?;
    let event = Some(events::of_card(by.account, &card, Fate::There));
    Ok(Changed { card, event })
}

/// The card as it was, on the stage where it is to go: the right to work there is asked for who has it now.
fn card_at(before: &Card, after: &Card) -> Card {
    Card {
        place: after.place,
        ..before.clone()
    }
}

/// Deletes a card.
///
/// # Errors
/// `CardNotFound`, `Denied`, `EtagMismatch`, or when the database fails.
pub async fn delete(tx: &mut Tx, by: &By, id: CardId, etag: &str) -> Result<NewEvent, Error> {
    let mut card = locked(tx, by, id, Action::Delete, etag).await?;
    next_version(&mut card, by);
    cards::delete(tx, by.account, &card, by.now).await?;
    let deleted = entry(by, Event::Deleted, "", Some(json!(card.name)), None);
    timeline::insert(tx, by.account, id, &[deleted]).await?;
    Ok(events::of_card(by.account, &card, Fate::Deleted))
}

/// Subscribes an employee to a card, or ends the subscription. For oneself it is enough to see the card.
///
/// # Errors
/// `CardNotFound`, `Denied`, `UserNotFound`, or when the database fails.
pub async fn follow(
    tx: &mut Tx,
    by: &By,
    id: CardId,
    user: Option<UserId>,
    on: bool,
) -> Result<Changed, Error> {
    let user = user.or(by.viewer.user());
    let user = user.ok_or_else(|| {
        Refusal::field("user_id", "must name an employee, since the caller is none")
    })?;
    let action = if by.viewer.user() == Some(user) {
        Action::View
    } else {
        Action::Edit
    };
    let mut card = locked(tx, by, id, action, "").await?;
    check_user(by, user)?;
    if card.followers.contains(&user) == on {
        return Ok(Changed { card, event: None });
    }
    let told = Some(json!(user));
    let happened = if on {
        cards::add_follower(tx, by.account, id, user).await?;
        card.followers.push(user);
        card.followers.sort_unstable();
        entry(by, Event::FollowerAdded, "", None, told)
    } else {
        cards::remove_follower(tx, by.account, id, user).await?;
        card.followers.retain(|follower| *follower != user);
        entry(by, Event::FollowerRemoved, "", told, None)
    };
    next_version(&mut card, by);
    cards::touch(tx, by.account, &card).await?;
    timeline::insert(tx, by.account, id, &[happened]).await?;
    let event = Some(events::of_card(by.account, &card, Fate::There));
    Ok(Changed { card, event })
}

/// A card that the caller may do this to, locked.
pub(super) async fn locked(
    tx: &mut Tx,
    by: &By,
    id: CardId,
    action: Action,
    etag: &str,
) -> Result<Card, Error> {
    let card = cards::lock(tx, by.account, id).await?;
    let card = card
        .filter(|card| by.viewer.may(Action::View, card))
        .ok_or(Error::CardNotFound(id))?;
    if !by.viewer.may(action, &card) {
        return Err(Error::Denied(id.kind().entity(), action));
    }
    if etag_fits(etag, card.version) {
        Ok(card)
    } else {
        Err(Error::EtagMismatch)
    }
}

pub(super) fn check_fields<'c>(
    by: &By,
    card: &Card,
    changes: impl Iterator<Item = &'c FieldChange>,
) -> Result<(), Error> {
    for change in changes {
        if !by.viewer.writes_field(card.id, &change.field) {
            return Err(Error::FieldNotEditable(change.field.clone()));
        }
    }
    Ok(())
}

pub(super) fn next_version(card: &mut Card, by: &By) {
    card.version += 1;
    // Lists and tokens rely on it: the time of a card never goes back, whichever replica's clock it is.
    card.update_time = card.update_time.max(by.now);
}

pub(super) fn of_change(by: &By, change: FieldChange) -> Entry {
    let present = |value: serde_json::Value| Some(value).filter(|value| !value.is_null());
    let event = Event::of_field(&change.field);
    entry(
        by,
        event,
        &change.field,
        present(change.before),
        present(change.after),
    )
}

/// What happened, now, by the caller.
pub fn entry(
    by: &By,
    event: Event,
    field: &str,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
) -> Entry {
    Entry {
        id: TimelineEntryId::generate(),
        event,
        author: by.viewer.author.clone(),
        field: field.to_owned(),
        before,
        after,
        time: by.now,
    }
}
