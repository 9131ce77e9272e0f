//! The id of a card, whatever its kind.

use std::fmt;
use std::str::FromStr;

use access::Entity;
use serde::{Deserialize, Serialize};
use types::{CompanyId, ContactId, CustomerId, DealId, InvalidId};
use uuid::Uuid;

/// What kinds of cards there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A person.
    Contact,
    /// A firm.
    Company,
    /// A sale.
    Deal,
    /// A buyer who comes back.
    Customer,
}

impl Kind {
    /// The row of the rights matrix that is about it.
    #[must_use]
    pub fn entity(self) -> Entity {
        match self {
            Self::Contact => Entity::Contacts,
            Self::Company => Entity::Companies,
            Self::Deal | Self::Customer => Entity::Deals,
        }
    }

    /// An id of this kind.
    #[must_use]
    pub fn id(self, uuid: Uuid) -> CardId {
        match self {
            Self::Contact => CardId::Contact(uuid.into()),
            Self::Company => CardId::Company(uuid.into()),
            Self::Deal => CardId::Deal(uuid.into()),
            Self::Customer => CardId::Customer(uuid.into()),
        }
    }
}

/// The id of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CardId {
    /// Of a contact.
    Contact(ContactId),
    /// Of a company.
    Company(CompanyId),
    /// Of a deal.
    Deal(DealId),
    /// Of a customer.
    Customer(CustomerId),
}

impl CardId {
    /// A new id.
    #[must_use]
    pub fn generate(kind: Kind) -> Self {
        kind.id(types::new_uuid())
    }

    /// Of which kind.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Contact(_) => Kind::Contact,
            Self::Company(_) => Kind::Company,
            Self::Deal(_) => Kind::Deal,
            Self::Customer(_) => Kind::Customer,
        }
    }

    /// As the database keeps it.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Contact(id) => id.uuid(),
            Self::Company(id) => id.uuid(),
            Self::Deal(id) => id.uuid(),
            Self::Customer(id) => id.uuid(),
        }
    }
}

impl fmt::Display for CardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contact(id) => id.fmt(f),
            Self::Company(id) => id.fmt(f),
            Self::Deal(id) => id.fmt(f),
            Self::Customer(id) => id.fmt(f),
        }
    }
}

impl FromStr for CardId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let contact = text.parse().map(Self::Contact);
        contact
            .or_else(|_| text.parse().map(Self::Company))
            .or_else(|_| text.parse().map(Self::Deal))
            .or_else(|_| text.parse().map(Self::Customer))
            .map_err(|_: InvalidId| InvalidId {
                prefixes: &[
                    ContactId::PREFIX,
                    CompanyId::PREFIX,
                    DealId::PREFIX,
                    CustomerId::PREFIX,
                ],
            })
    }
}

impl From<ContactId> for CardId {
    fn from(id: ContactId) -> Self {
        Self::Contact(id)
    }
}

impl From<CompanyId> for CardId {
    fn from(id: CompanyId) -> Self {
        Self::Company(id)
    }
}

impl From<DealId> for CardId {
    fn from(id: DealId) -> Self {
        Self::Deal(id)
    }
}

impl From<CustomerId> for CardId {
    fn from(id: CustomerId) -> Self {
        Self::Customer(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_any_kind_survives_its_text() {
        for kind in [Kind::Contact, Kind::Company, Kind::Deal, Kind::Customer] {
            let id = CardId::generate(kind);
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!((id.kind(), kind.id(id.uuid())), (kind, id));
        }
        assert!("pip_01h455vb4pex5vsknk084sn02q".parse::<CardId>().is_err());
    }
}
