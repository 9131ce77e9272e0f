//! A card of crm changed: who is responsible, its stage, its tags, its followers, its name, or it was deleted. A contact can have
//! gone into another, or have come out of it again: its chats go with it.

use std::collections::HashMap;

use api::conversations::v1::ChangeKind;
use api::crm::internal::v1::{CardChanged, CardKind};
use events::{Event, Failure};
use pg::Tx;
use prost::Message as _;
use types::AccountId;
use uuid::Uuid;

use crate::changes::{self, Change};
use crate::domain::card::{Card, Kind};
use crate::store::{cards, conversations, merges, search};

/// The kinds of the events.
pub const KINDS: [&str; 4] = [
    "crm.contact.changed",
    "crm.company.changed",
    "crm.deal.changed",
    "crm.customer.changed",
];

/// A card as an event tells it.
#[derive(Debug, PartialEq, Eq)]
struct News {
    account: AccountId,
    card: Card,
    deleted: bool,
    version: i64,
    merged_into: Option<Uuid>,
    unmerged_from: Option<Uuid>,
}

/// Keeps the card, and tells whoever sees its open conversations or saw them.
pub async fn apply(tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    let news = parse(event).map_err(Failure::Poison)?;
    let (account, id) = (news.account, news.card.id);
    let touched = match news.unmerged_from {
        Some(target) => merges::to_give_back(tx, account, id, target).await?,
        None => cards::conversations_of(tx, account, id).await?,
    };
    let wanted: Vec<_> = touched.iter().map(|(id, _)| (account, *id)).collect();
    let mut before = cards::of_conversations(tx, &wanted).await?;
    if !cards::keep(tx, account, &news.card, news.deleted, news.version).await? {
        return Ok(());
    }
    spread(tx, &news).await?;
    let ids: Vec<_> = touched.iter().map(|(id, _)| *id).collect();
    let mut chats: HashMap<_, _> = touched.into_iter().collect();
    let told: Vec<Change> = conversations::all(tx, account, &ids)
        .await?
        .into_iter()
        .map(|conversation| Change {
            kind: ChangeKind::CardChanged,
            message: None,
            external_chat_id: chats.remove(&conversation.id).unwrap_or_default(),
            facts: Vec::new(),
            previous: before.remove(&conversation.id),
            silent: false,
            conversation,
        })
        .collect();
    changes::append(tx, &told).await?;
    Ok(())
}

/// Brings what the conversations keep of the card up to date.
async fn spread(tx: &mut Tx, news: &News) -> Result<(), Failure> {
    let (account, id) = (news.account, news.card.id);
    if news.card.kind != Kind::Contact {
        cards::spread_card(tx, account, &news.card, news.deleted).await?;
        return Ok(());
    }
    match (news.merged_into, news.unmerged_from) {
        (Some(target), _) => merges::merge(tx, account, id, target).await?,
        (None, Some(target)) => merges::unmerge(tx, account, id, target).await?,
        (None, None) => {
            let owner = news.card.responsible.filter(|_| !news.deleted);
            cards::spread_owner(tx, account, id, owner).await?;
        }
    }
    // Chats without an open conversation are told of nowhere, and yet are found by the new name.
    let contacts: Vec<_> = news.merged_into.into_iter().chain([id]).collect();
    let chats = search::chats::of_contacts(tx, account, &contacts).await?;
    let chats: Vec<_> = chats.into_iter().map(|(_, chat)| chat).collect();
    search::chats::feed(tx, account, &chats).await?;
    Ok(())
}

fn parse(event: &Event) -> Result<News, String> {
    let card = CardChanged::decode(&event.payload[..])
        .map_err(|error| format!("the payload does not decode: {error}"))?;
    if card.account_id != event.account_id {
        return Err("the payload is another account's".to_owned());
    }
    Ok(News {
        account: id(&card.account_id)?.into(),
        deleted: card.deleted,
        version: card.version,
        merged_into: optional(&card.merged_into)?,
        unmerged_from: optional(&card.unmerged_from)?,
        card: card_of(card)?,
    })
}

fn id(bytes: &[u8]) -> Result<Uuid, String> {
    Uuid::from_slice(bytes).map_err(|error| format!("no id: {error}"))
}

fn optional(bytes: &[u8]) -> Result<Option<Uuid>, String> {
    (!bytes.is_empty()).then(|| id(bytes)).transpose()
}

/// A card as crm tells it.
///
/// # Errors
/// What cannot be right about it.
pub fn card_of(card: CardChanged) -> Result<Card, String> {
    let kind = match card.kind() {
        CardKind::Contact => Kind::Contact,
        CardKind::Company => Kind::Company,
        CardKind::Deal => Kind::Deal,
        CardKind::Customer => Kind::Customer,
        CardKind::Unspecified => return Err("the card has no kind".to_owned()),
    };
    let users = card.follower_user_ids.iter();
    let followers: Result<Vec<_>, _> = users.map(|bytes| id(bytes).map(Into::into)).collect();
    let tags = card.tag_ids.iter();
    let tags: Result<Vec<_>, _> = tags.map(|bytes| id(bytes).map(Into::into)).collect();
    let contacts = card.contact_ids.iter();
    let contacts: Result<Vec<_>, _> = contacts.map(|bytes| id(bytes).map(Into::into)).collect();
    Ok(Card {
        id: id(&card.card_id)?,
        kind,
        responsible: optional(&card.responsible_user_id)?.map(Into::into),
        pipeline: optional(&card.pipeline_id)?.map(Into::into),
        stage: optional(&card.stage_id)?.map(Into::into),
        tags: tags?,
        followers: followers?,
        contacts: contacts?,
        name: card.name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(card: &CardChanged) -> Event {
        Event {
            account_id: vec![7; 16],
            kind: KINDS[2].to_owned(),
            payload: card.encode_to_vec().into(),
            ..Event::default()
        }
    }

    fn deal() -> CardChanged {
        CardChanged {
            account_id: vec![7; 16],
            kind: CardKind::Deal.into(),
            card_id: vec![1; 16],
            version: 3,
            name: "Windows".to_owned(),
            responsible_user_id: vec![2; 16],
            stage_id: vec![3; 16],
            follower_user_ids: vec![vec![4; 16]],
            ..CardChanged::default()
        }
    }

    #[test]
    fn a_well_formed_event_tells_the_card() {
        let news = parse(&event(&deal())).expect("well formed");
        assert_eq!((news.version, news.deleted), (3, false));
        assert_eq!(news.card.kind, Kind::Deal);
        assert_eq!(news.card.followers.len(), 1);
    }

    #[test]
    fn what_cannot_be_right_is_poison() {
        for wrong in [
            CardChanged {
                account_id: vec![8; 16],
                ..deal()
            },
            CardChanged {
                card_id: vec![1],
                ..deal()
            },
            CardChanged { kind: 0, ..deal() },
            CardChanged {
                follower_user_ids: vec![vec![1]],
                ..deal()
            },
        ] {
            assert!(parse(&event(&wrong)).is_err());
        }
    }
}
