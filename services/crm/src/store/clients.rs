//! Clients: contacts by exactly one telephone number, and the deals of these.

use pg::{Error, Tx};
use types::{AccountId, ContactId, TimelineEntryId};
use uuid::Uuid;

use super::timeline;
use crate::domain::ids::CardId;
use crate::domain::timeline::Entry;

/// Contacts with a number that are read at most.
const MOST_CONTACTS: i64 = 100;
/// Deals that are read at most: those that changed last.
const MOST_DEALS: i64 = 200;

/// The contacts that carry exactly this number.
#[tracing::instrument(level = "debug", name = "db.client.contacts", skip_all)]
pub async fn contacts(
    tx: &mut Tx,
    account: AccountId,
    phone: &str,
) -> Result<Vec<ContactId>, Error> {
    // One contact may have a number twice.
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "SELECT DISTINCT c.card_id FROM contact_points p JOIN cards c ON c.account_id = p.account_id AND c.card_id = p.card_id
          WHERE p.account_id = $1 AND p.kind = 1 AND p.lookup = $2 AND c.kind = 1 AND c.delete_time IS NULL
          ORDER BY c.card_id LIMIT $3",
    )
    .bind(account.uuid())
    .bind(phone)
    .bind(MOST_CONTACTS)
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids.into_iter().map(ContactId::from).collect())
}

/// The deals of contacts, the last changed first.
#[tracing::instrument(level = "debug", name = "db.client.deals", skip_all)]
pub async fn deals(
    tx: &mut Tx,
    account: AccountId,
    contacts: &[ContactId],
) -> Result<Vec<Uuid>, Error> {
    let contacts: Vec<Uuid> = contacts.iter().map(|contact| contact.uuid()).collect();
    let rows: Vec<(Uuid, time::OffsetDateTime)> = sqlx::query_as(
        "SELECT DISTINCT c.card_id, c.update_time FROM unnest($2::uuid[]) AS w (id)
           JOIN card_contacts l ON l.account_id = $1 AND l.contact_id = w.id
           JOIN cards c ON c.account_id = $1 AND c.card_id = l.card_id
          WHERE c.kind = 3 AND c.delete_time IS NULL ORDER BY c.update_time DESC, c.card_id DESC LIMIT $3",
    )
    .bind(account.uuid())
    .bind(contacts)
    .bind(MOST_DEALS)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|(id, _)| id).collect())
}

/// Is it a deal of one of these contacts?
#[tracing::instrument(level = "debug", name = "db.client.has_deal", skip_all)]
pub async fn has_deal(
    tx: &mut Tx,
    account: AccountId,
    contacts: &[ContactId],
    deal: CardId,
) -> Result<bool, Error> {
    let contacts: Vec<Uuid> = contacts.iter().map(|contact| contact.uuid()).collect();
    let found = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM cards c JOIN card_contacts l ON l.account_id = c.account_id AND l.card_id = c.card_id
          WHERE c.account_id = $1 AND c.card_id = $2 AND c.kind = 3 AND c.delete_time IS NULL AND l.contact_id = ANY ($3))",
    )
    .bind(account.uuid())
    .bind(deal.uuid())
    .bind(contacts)
    .fetch_one(&mut **tx)
    .await?;
    Ok(found)
}

/// Up to `limit` entries of a card before one, the newest first: of these kinds; where a field changed, of these fields; of calls, those with
/// these contacts.
#[tracing::instrument(level = "debug", name = "db.client.events", skip_all)]
pub async fn events(
    tx: &mut Tx,
    account: AccountId,
    card: CardId,
    (kinds, fields, contacts): (&[i16], &[String], &[ContactId]),
    before: Option<TimelineEntryId>,
    limit: i64,
) -> Result<Vec<Entry>, Error> {
    let contacts: Vec<String> = contacts.iter().map(ToString::to_string).collect();
    let rows: Vec<timeline::EntryRow> = sqlx::query_as(
        "SELECT entry_id, kind, author_id, author_name, field, before, after, create_time FROM timeline
          WHERE account_id = $1 AND card_id = $2 AND entry_id < $3 AND kind = ANY ($4)
            AND CASE kind WHEN 2 THEN field = ANY ($5) WHEN 16 THEN after ->> 'contact_id' = ANY ($7) ELSE true END
          ORDER BY entry_id DESC LIMIT $6",
    )
    .bind(account.uuid())
    .bind(card.uuid())
    .bind(before.map_or(Uuid::max(), TimelineEntryId::uuid))
    .bind(kinds)
    .bind(fields)
    .bind(limit)
    .bind(contacts)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Entry::try_from).collect()
}
