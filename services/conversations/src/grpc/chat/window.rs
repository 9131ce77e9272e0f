//! The window as it is opened from a place of the CRM, and the contacts that it shows.

mod chats;
mod contacts;
mod creation;
mod entries;
mod open;

pub use chats::list_contact_chats;
pub use contacts::list_window_contacts;
pub use open::open_window;

use access::Action;
use pg::Tx;
use types::ContactId;

use crate::domain::card::{Card, Kind};
use crate::grpc::By;
use crate::grpc::conversation::Error;
use crate::store::cards;

/// A contact that the caller may view.
async fn contact(tx: &mut Tx, by: &By, id: ContactId) -> Result<Card, Error> {
    let card = cards::get(tx, by.scope.account(), id.uuid()).await?;
    card.filter(|card| card.kind == Kind::Contact && by.viewer.may(Action::View, card))
        .ok_or(Error::ContactNotFound(id))
}
