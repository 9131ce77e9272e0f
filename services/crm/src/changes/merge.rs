//! Contacts that become one, and that part again.

use std::collections::BTreeMap;

use ::events::NewEvent;
use access::Action;
use pg::Tx;
use serde_json::json;
use types::{ContactId, UserId};

use super::cards::{check_fields, entry, locked, next_version, of_change};
use super::events::{self, Fate};
use super::references::check_tags;
use crate::Error;
use crate::core::By;
use crate::domain::card::Card;
use crate::domain::ids::{CardId, Kind};
use crate::domain::merge::{Links, MAX_FOLLOWING, Merge, Moved, unite};
use crate::domain::timeline::{Entry, Event};
use crate::store::{cards, fields, merges, tasks, timeline};

/// Which contacts, each with the etag that it has to have.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The one that stays.
    pub target: (ContactId, String),
    /// Those that go into it.
    pub sources: Vec<(ContactId, String)>,
}

/// What came of taking a merge back.
#[derive(Debug)]
pub struct Unmerged {
    /// The contact that stayed.
    pub target: Card,
    /// Those that are there again.
    pub restored: Vec<Card>,
    /// Fields that hold something else by now.
    pub fields: Vec<String>,
    /// Deals and customers that were left, as far as the caller may view them.
    pub cards: Vec<CardId>,
    /// How many others were left.
    pub other_cards: usize,
    /// How many tasks are gone.
    pub deleted_tasks: usize,
}

/// Merges contacts. The events are to be appended last.
///
/// # Errors
/// `CardNotFound`, `Denied`, `FieldNotEditable`, `EtagMismatch`, `LimitReached`, or when the database fails.
pub async fn merge(tx: &mut Tx, by: &By, wish: &Wish) -> Result<(Card, Vec<NewEvent>), Error> {
    let (before, sources) = lock_all(tx, by, wish).await?;
    let target_id = wish.target.0;
    let ids: Vec<ContactId> = wish.sources.iter().map(|(id, _)| *id).collect();
    let mut target = before.clone();
    let gains = unite(&mut target, &sources).map_err(Error::LimitReached)?;
    let (moved, of_cards) = follow(tx, by, target_id, &ids).await?;
    let tasks = tasks::give(tx, by.account, &ids, target_id).await?;
    let merged = entry(by, Event::Merged, "", None, Some(json!(ids)));
    let mut told = vec![store(tx, by, &before, &mut target, merged).await?];
    for mut source in sources {
        next_version(&mut source, by);
        cards::delete(tx, by.account, &source, by.now).await?;
        let went = entry(by, Event::MergedInto, "", None, Some(json!(target_id)));
        timeline::insert(tx, by.account, source.id, &[went]).await?;
        told.push(events::of_card(
            by.account,
            &source,
            Fate::MergedInto(target_id),
        ));
    }
    told.extend(of_cards);
    let merge = Merge {
        sources: ids,
        gains,
        moved,
        tasks,
    };
    merges::insert(tx, by.account, (target_id, target.version), &merge, by.now).await?;
    Ok((target, told))
}

/// The target and the sources, in their order, locked in the order of their ids.
async fn lock_all(tx: &mut Tx, by: &By, wish: &Wish) -> Result<(Card, Vec<Card>), Error> {
    let all = std::iter::once(&wish.target).chain(&wish.sources);
    let ordered: BTreeMap<ContactId, &str> = all.map(|(id, etag)| (*id, &etag[..])).collect();
    let mut found = BTreeMap::new();
    for (id, etag) in ordered {
        let card = locked(tx, by, id.into(), Action::Edit, etag).await?;
        if id != wish.target.0 {
            may_delete(by, &card)?;
        }
        found.insert(id, card);
    }
    let mut take = |id: ContactId| found.remove(&id).ok_or(Error::CardNotFound(id.into()));
    let target = take(wish.target.0)?;
    let sources: Result<_, _> = wish.sources.iter().map(|(id, _)| take(*id)).collect();
    Ok((target, sources?))
}

fn may_delete(by: &By, card: &Card) -> Result<(), Error> {
    if by.viewer.may(Action::Delete, card) {
        return Ok(());
    }
    Err(Error::Denied(Kind::Contact.entity(), Action::Delete))
}

/// Deals and customers of the sources become the target's.
async fn follow(
    tx: &mut Tx,
    by: &By,
    target: ContactId,
    sources: &[ContactId],
) -> Result<(Vec<Moved>, Vec<NewEvent>), Error> {
    let following = cards::of_contacts(tx, by.account, sources, MAX_FOLLOWING + 1).await?;
    if following.len() > MAX_FOLLOWING {
        return Err(Error::LimitReached(MAX_FOLLOWING));
    }
    let (mut moved, mut told) = (Vec::new(), Vec::new());
    for id in following {
        // One that was deleted or changed meanwhile has nothing to give.
        let Some(card) = cards::lock(tx, by.account, id).await? else {
            continue;
        };
        let before = Links::of(&card);
        let after = before.with(target, sources);
        if after == before {
            continue;
        }
        told.push(relink(tx, by, &card, &after).await?);
        moved.push(Moved {
            card: id,
            before,
            after,
        });
    }
    Ok((moved, told))
}

/// Gives a deal or customer other contacts.
async fn relink(tx: &mut Tx, by: &By, before: &Card, links: &Links) -> Result<NewEvent, Error> {
    let mut card = before.clone();
    links.give(&mut card);
    let changes = card.changes_since(before).into_iter();
    let entries: Vec<Entry> = changes.map(|change| of_change(by, change)).collect();
    next_version(&mut card, by);
    cards::update(tx, by.account, before, &card).await?;
    timeline::insert(tx, by.account, card.id, &entries).await?;
    Ok(events::of_card(by.account, &card, Fate::There))
}

/// Stores the contact that stays, with its subscribers.
async fn store(
    tx: &mut Tx,
    by: &By,
    before: &Card,
    after: &mut Card,
    happened: Entry,
) -> Result<NewEvent, Error> {
    let changes = after.changes_since(before);
    check_fields(by, after, changes.iter())?;
    check_tags(tx, by, before, after).await?;
    let named: Vec<_> = after.values.keys().copied().collect();
    fields::hold(tx, by.account, Kind::Contact, &named).await?;
    next_version(after, by);
    cards::update(tx, by.account, before, after).await?;
    let mut entries = vec![happened];
    entries.extend(changes.into_iter().map(|change| of_change(by, change)));
    entries.extend(subscribe(tx, by, before, after).await?);
    timeline::insert(tx, by.account, after.id, &entries).await?;
    Ok(events::of_card(by.account, after, Fate::There))
}

async fn subscribe(tx: &mut Tx, by: &By, before: &Card, after: &Card) -> Result<Vec<Entry>, Error> {
    let not_in = |of: &Card, among: &Card| -> Vec<UserId> {
        let all = of.followers.iter().copied();
        all.filter(|user| !among.followers.contains(user)).collect()
    };
    let mut entries = Vec::new();
    for user in not_in(after, before) {
        cards::add_follower(tx, by.account, after.id, user).await?;
        entries.push(entry(by, Event::FollowerAdded, "", None, Some(json!(user))));
    }
    for user in not_in(before, after) {
        cards::remove_follower(tx, by.account, after.id, user).await?;
        entries.push(entry(
            by,
            Event::FollowerRemoved,
            "",
            Some(json!(user)),
            None,
        ));
    }
    Ok(entries)
}

/// Takes the last merge into a contact back. The events are to be appended last.
///
/// # Errors
/// `CardNotFound`, `NotMerged`, `Denied`, `FieldNotEditable`, `EtagMismatch`, or when the database fails.
pub async fn unmerge(
    tx: &mut Tx,
    by: &By,
    contact: ContactId,
    etag: &str,
) -> Result<(Unmerged, Vec<NewEvent>), Error> {
    let before = locked(tx, by, contact.into(), Action::Edit, etag).await?;
    let merge = merges::take_last(tx, by.account, contact).await?;
    let merge = merge.ok_or(Error::NotMerged(contact))?;
    let mut target = before.clone();
    let mut fields = merge.gains.part(&mut target);
    fields.retain(|field| by.viewer.reads_field(Kind::Contact, field));
    let parted = entry(by, Event::Unmerged, "", Some(json!(merge.sources)), None);
    let mut told = vec![store(tx, by, &before, &mut target, parted).await?];
    let restored = restore(tx, by, contact, &merge.sources, &mut told).await?;
    let left = give_back(tx, by, &merge.moved, &mut told).await?;
    let returned = tasks::give_back(tx, by.account, contact, &merge.tasks).await?;
    let done = Unmerged {
        target,
        restored,
        fields,
        other_cards: left.iter().filter(|card| card.is_none()).count(),
        cards: left.into_iter().flatten().collect(),
        deleted_tasks: merge.tasks.len().saturating_sub(returned),
    };
    Ok((done, told))
}

/// The contacts that had gone are there again.
async fn restore(
    tx: &mut Tx,
    by: &By,
    target: ContactId,
    sources: &[ContactId],
    told: &mut Vec<NewEvent>,
) -> Result<Vec<Card>, Error> {
    let mut restored = Vec::new();
    for id in sources.iter().copied().map(CardId::from) {
        // Nobody else holds a deleted card: the target's lock guards them.
        let card = cards::restore(tx, by.account, id, by.now).await?;
        let card = card.ok_or(Error::CardNotFound(id))?;
        if !by.viewer.may(Action::Edit, &card) {
            return Err(Error::Denied(Kind::Contact.entity(), Action::Edit));
        }
        may_delete(by, &card)?;
        let back = entry(by, Event::Unmerged, "", Some(json!([target])), None);
        timeline::insert(tx, by.account, id, &[back]).await?;
        told.push(events::of_card(
            by.account,
            &card,
            Fate::UnmergedFrom(target),
        ));
        restored.push(card);
    }
    restored.retain(|card| by.viewer.may(Action::View, card));
    Ok(restored)
}

/// Deals and customers get the contacts back that they had. Those that were left: `None` for one that the caller may not view.
async fn give_back(
    tx: &mut Tx,
    by: &By,
    moved: &[Moved],
    told: &mut Vec<NewEvent>,
) -> Result<Vec<Option<CardId>>, Error> {
    let mut left = Vec::new();
    for it in moved {
        let card = cards::lock(tx, by.account, it.card).await?;
        match card.as_ref() {
            Some(card) if Links::of(card) == it.after => {
                told.push(relink(tx, by, card, &it.before).await?);
            }
            Some(card) if by.viewer.may(Action::View, card) => left.push(Some(it.card)),
            _ => left.push(None),
        }
    }
    Ok(left)
}
