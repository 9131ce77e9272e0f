//! Cards by what belongs to them: a telephone number, an e-mail, a messenger, a contact, a company. These are few, so the rights
//! are asked of each card.

use pg::{Error, Tx};
use types::{AccountId, CompanyId, ContactId};
use uuid::Uuid;

use super::list::Key;
use super::row::{self, columns, from_row, kind_number};
use crate::domain::card::{Card, Messenger};
use crate::domain::ids::Kind;

/// By what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// A telephone number, E.164.
    Phone(String),
    /// An e-mail, without regard to case.
    Email(String),
    /// How a channel knows a person.
    Messenger(Messenger),
    /// A contact of a deal or customer.
    Contact(ContactId),
    /// The company that it belongs to.
    Company(CompanyId),
}

impl Lookup {
    /// Name of the field that it looks into.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::Phone(_) => "phones",
            Self::Email(_) => "emails",
            Self::Messenger(_) => "messengers",
            Self::Contact(_) => "contact_ids",
            Self::Company(_) => "company_id",
        }
    }

    fn point(&self) -> Option<(i16, String)> {
        match self {
            Self::Phone(number) => Some((row::PHONE, number.clone())),
            Self::Email(address) => Some((row::EMAIL, address.to_lowercase())),
            Self::Messenger(messenger) => Some((row::MESSENGER, messenger.lookup())),
            Self::Contact(_) | Self::Company(_) => None,
        }
    }
}

macro_rules! page {
    () => {
        " AND c.kind = $2 AND c.delete_time IS NULL AND (c.update_time, c.card_id) < ($3, $4)
        ORDER BY c.update_time DESC, c.card_id DESC LIMIT $5"
    };
}

/// One card may have a number twice.
const BY_POINT: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM (SELECT DISTINCT account_id, card_id FROM contact_points WHERE account_id = $1 AND kind = $6 AND lookup = $7) p
       JOIN cards c USING (account_id, card_id) WHERE c.account_id = $1",
    page!()
);

const BY_CONTACT: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM card_contacts l JOIN cards c USING (account_id, card_id) WHERE l.account_id = $1 AND l.contact_id = $6",
    page!()
);

const BY_COMPANY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cards c WHERE c.account_id = $1 AND c.company_id = $6",
    page!()
);

/// A page of cards that have it, the last changed first, whoever may view them.
#[tracing::instrument(level = "debug", name = "db.card.lookup", skip_all)]
pub async fn lookup(
    tx: &mut Tx,
    account: AccountId,
    kind: Kind,
    by: &Lookup,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<Card>, Error> {
    let (time, id) = Key::bounds(after);
    let statement = match by {
        Lookup::Phone(_) | Lookup::Email(_) | Lookup::Messenger(_) => BY_POINT,
        Lookup::Contact(_) => BY_CONTACT,
        Lookup::Company(_) => BY_COMPANY,
    };
    let query = sqlx::query(statement)
        .bind(account.uuid())
        .bind(kind_number(kind))
        .bind(time)
        .bind(id)
        .bind(limit);
    let query = match (by.point(), by) {
        (Some((kind, text)), _) => query.bind(kind).bind(text),
        (None, Lookup::Contact(contact)) => query.bind(contact.uuid()),
        (None, Lookup::Company(company)) => query.bind(company.uuid()),
        (None, _) => query.bind(Uuid::nil()),
    };
    let rows = query.fetch_all(&mut **tx).await?;
    rows.iter().map(from_row).collect()
}
