//! What can be done with a card of any kind.

mod batch_get;
mod create;
mod delete;
mod follow;
mod get;
mod list;
mod update;

use api::crm::v1 as proto;
use kit::validate::Fields;
use prost::Message;
use types::FieldId;

pub use batch_get::batch_get;
pub use create::{Call, create};
pub use delete::delete;
pub use follow::follow;
pub use get::get;
pub use list::{Wish, list};
pub use update::update;

use super::mask::Mask;
use crate::changes::cards::Values;
use crate::domain::card::Card;
use crate::domain::ids::{CardId, Kind};
use crate::domain::viewer::Viewer;

/// A kind of card as the wire has it.
pub trait Shape: Message + Default + 'static {
    /// Which kind.
    const KIND: Kind;
    /// Name of the resource in requests.
    const NAME: &'static str;
    /// The fields that can be changed.
    const FIELDS: &'static [&'static str];

    /// Its id, as the request says it.
    fn id(&self) -> &str;
    /// Its etag, as the request says it.
    fn etag(&self) -> &str;
    /// The fields that the mask names, checked. A new card needs a name.
    fn values(&self, fields: &mut Fields, mask: &Mask, new: bool) -> Values;
    /// A card, with everything.
    fn from_card(card: &Card) -> Self;
    /// Takes the value of a field out.
    fn hide(&mut self, field: &str);
    /// Where the names of what was taken out belong.
    fn hidden(&mut self) -> &mut Vec<String>;
}

/// The fields that all cards of a kind have, as rights on fields name them.
#[must_use]
pub fn standard_fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Contact => proto::Contact::FIELDS,
        Kind::Company => proto::Company::FIELDS,
        Kind::Deal => proto::Deal::FIELDS,
        Kind::Customer => proto::Customer::FIELDS,
    }
}

/// A card as the caller may see it.
pub(super) fn shown<S: Shape>(card: &Card, viewer: &Viewer) -> S {
    let mut shape = S::from_card(card);
    for field in viewer.hidden_fields(S::KIND) {
        // Deals and customers have their rights in common, not all of their fields.
        if S::FIELDS.contains(&&field[..]) || field.starts_with(FieldId::PREFIX) {
            shape.hide(&field);
            shape.hidden().push(field);
        }
    }
    shape
}

/// The id of a card of this kind in a request.
fn card_id(fields: &mut Fields, kind: Kind, field: &str, text: &str) -> Option<CardId> {
    match kind {
        Kind::Contact => fields.id(field, text).map(CardId::Contact),
        Kind::Company => fields.id(field, text).map(CardId::Company),
        Kind::Deal => fields.id(field, text).map(CardId::Deal),
        Kind::Customer => fields.id(field, text).map(CardId::Customer),
    }
}

/// The id of a card in a request that has nothing else.
fn only_id(kind: Kind, field: &str, text: &str) -> Result<CardId, crate::Error> {
    let mut fields = Fields::new();
    let id = card_id(&mut fields, kind, field, text);
    fields.finish()?;
    // Without an id `finish` has refused.
    id.ok_or_else(|| kit::Refusal::field(field, "is no id").into())
}
