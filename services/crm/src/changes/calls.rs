//! Telephone calls with clients.

use access::Action;
use pg::Tx;
use types::{DealId, TimelineEntryId, UserId};

use super::cards::entry;
use super::references::check_user;
use crate::Error;
use crate::core::By;
use crate::domain::call::Call;
use crate::domain::card::Card;
use crate::domain::ids::CardId;
use crate::domain::timeline::{Author, Event};
use crate::store::recordings::{self, Kept};
use crate::store::{cards, timeline};

/// Writes a call down, with the bytes of its recording; the entry that tells of it. `talked` is the employee who talked.
///
/// # Errors
/// `CardNotFound`, `UserNotFound`, or when the database fails.
pub async fn record(
    tx: &mut Tx,
    by: &By,
    call: &Call,
    talked: Option<UserId>,
    contents: &[u8],
) -> Result<TimelineEntryId, Error> {
    let contact = CardId::from(call.contact);
    visible(tx, by, contact).await?;
    if let Some(deal) = call.deal {
        let card = visible(tx, by, deal.into()).await?;
        if !card.all_contacts().any(|contact| contact == call.contact) {
            return Err(Error::CardNotFound(deal.into()));
        }
    }
    let mut told = entry(by, Event::Call, "", None, serde_json::to_value(call).ok());
    if let Some(user) = talked {
        told.author = employee(by, user)?;
    }
    let of = std::iter::once(contact).chain(call.deal.map(DealId::into));
    for card in of {
        timeline::insert(tx, by.account, card, std::slice::from_ref(&told)).await?;
    }
    if let Some(recording) = &call.recording {
        let kept = Kept {
            id: told.id,
            contact: call.contact,
            deal: call.deal,
            recording: recording.clone(),
        };
        recordings::insert(tx, by.account, &kept, contents, by.now).await?;
    }
    Ok(told.id)
}

/// The recording of a call, for whoever may read the messages with the client there.
///
/// # Errors
/// When the database fails.
pub async fn recording(tx: &mut Tx, by: &By, id: TimelineEntryId) -> Result<Option<Kept>, Error> {
    let Some(kept) = recordings::find(tx, by.account, id).await? else {
        return Ok(None);
    };
    let contact = cards::get(tx, by.account, kept.contact.into()).await?;
    let deal = match kept.deal {
        Some(deal) => cards::get(tx, by.account, deal.into()).await?,
        None => None,
    };
    let mut told_in = [contact.as_ref(), deal.as_ref()].into_iter().flatten();
    let heard = told_in.any(|card| {
        by.viewer.may(Action::View, card) && by.viewer.reads_messages(contact.as_ref(), card)
    });
    Ok(heard.then_some(kept))
}

async fn visible(tx: &mut Tx, by: &By, id: CardId) -> Result<Card, Error> {
    let card = cards::get(tx, by.account, id).await?;
    card.filter(|card| by.viewer.may(Action::View, card))
        .ok_or(Error::CardNotFound(id))
}

/// An employee as the timeline names them.
fn employee(by: &By, user: UserId) -> Result<Author, Error> {
    check_user(by, user)?;
    let known = by.viewer.account.as_ref();
    let member = known.and_then(|account| account.members.get(&user));
    Ok(Author {
        id: user.to_string(),
        name: member.map(|member| member.name.clone()).unwrap_or_default(),
    })
}
