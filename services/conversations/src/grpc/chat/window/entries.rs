//! Entries of the window's list as somebody sees them.

use std::collections::HashMap;

use api::conversations::v1 as proto;
use pg::Tx;
use types::ContactId;

use crate::domain::card::{Card, Kind};
use crate::domain::conversation::title;
use crate::domain::window::Whose;
use crate::grpc::By;
use crate::grpc::chat::shown::{Moment, Shown, shown};
use crate::grpc::conversation::Error;
use crate::store::chats;

/// An entry.
#[derive(Debug, Clone)]
pub struct Entry {
    contact: Option<ContactId>,
    name: String,
    waits: bool,
    last_chat: Option<Shown>,
}

/// An entry that is to be shown: a contact with its card, or a chat.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose.
    pub whose: Whose,
    /// The contact, where it is one.
    pub contact: Option<Card>,
}

impl Wanted {
    /// That of a contact.
    #[must_use]
    pub fn of_contact(card: Card) -> Self {
        Self {
            whose: Whose::Contact(card.id.into()),
            contact: Some(card),
        }
    }
}

/// The entries of these, in their order. What may not be seen is not to be asked for.
pub async fn entries(
    tx: &mut Tx,
    by: &By,
    wanted: &[Wanted],
    moment: Moment,
) -> Result<Vec<Entry>, Error> {
    let whose: Vec<_> = wanted.iter().map(|it| it.whose).collect();
    let known = chats::entries(tx, by.scope, &whose).await?;
    let last: Vec<_> = known.values().map(|entry| entry.last_chat).collect();
    let shown = shown(tx, by, &last, moment).await?.into_iter();
    let mut shown: HashMap<_, _> = shown.map(|chat| (chat.chat.id, chat)).collect();
    let reads_names = by.viewer.reads_name(Kind::Contact);
    let entries = wanted.iter().map(|it| {
        let known = known.get(&it.whose);
        let last_chat = known.and_then(|known| shown.remove(&known.last_chat));
        let contact = it.contact.as_ref();
        let name = contact.filter(|card| reads_names && !card.name.is_empty());
        Entry {
            contact: contact.map(|card| card.id.into()),
            name: match (name, &last_chat) {
                (Some(card), _) => card.name.clone(),
                (None, Some(last)) => title(&last.chat.client_name, &last.chat.external_id),
                (None, None) => String::new(),
            },
            waits: known.is_some_and(|known| known.waits),
            last_chat,
        }
    });
    Ok(entries.collect())
}

impl Entry {
    /// As the contract shows it.
    #[must_use]
    pub fn proto(&self, is_administrator: bool, creates: bool) -> proto::WindowContact {
        let last = self.last_chat.as_ref();
        proto::WindowContact {
            contact_id: self.contact.map(|id| id.to_string()).unwrap_or_default(),
            name: self.name.clone(),
            unanswered: self.waits,
            last_chat: last.map(|chat| chat.proto(is_administrator)),
            create_chat: creates && self.contact.is_some(),
        }
    }
}
