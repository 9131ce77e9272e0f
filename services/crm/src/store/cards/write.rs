//! Storing cards.

use pg::{Error, Tx};
use time::OffsetDateTime;
use types::{AccountId, PipelineId, StageId, UserId};
use uuid::Uuid;

use super::row::{self, kind_number};
use super::{endings, own};
use crate::domain::card::{Card, Labelled, Messenger};
use crate::domain::ids::CardId;

const INSERT: &str = "INSERT INTO cards (account_id, card_id, kind, name, responsible_user_id, company_id, pipeline_id, stage_id,
            close_time, price_minor, currency, purchase_time, version, update_time, create_time)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

const UPDATE: &str = "UPDATE cards SET name = $4, responsible_user_id = $5, company_id = $6, pipeline_id = $7, stage_id = $8,
            close_time = $9, price_minor = $10, currency = $11, purchase_time = $12, version = $13, update_time = $14
      WHERE account_id = $1 AND card_id = $2 AND kind = $3 AND $15::timestamptz IS NOT NULL";

/// Adds a card with all that belongs to it but followers.
#[tracing::instrument(level = "debug", name = "db.card.insert", skip_all)]
pub async fn insert(tx: &mut Tx, account: AccountId, card: &Card) -> Result<(), Error> {
    write(tx, account, card, INSERT).await?;
    add_points(tx, account, card).await?;
    endings::replace(tx, account, None, Some(card)).await?;
    add_contacts(tx, account, card).await?;
    own::add_tags(tx, account, card).await?;
    own::add_values(tx, account, card).await
}

/// Stores what can change of a card that was locked; `before` is how it was read then.
#[tracing::instrument(level = "debug", name = "db.card.update", skip_all)]
pub async fn update(
    tx: &mut Tx,
    account: AccountId,
    before: &Card,
    card: &Card,
) -> Result<(), Error> {
    write(tx, account, card, UPDATE).await?;
    if points(before) != points(card) {
        remove(tx, account, card, NO_POINTS).await?;
        add_points(tx, account, card).await?;
        endings::replace(tx, account, Some(before), Some(card)).await?;
    }
    if row::contacts(before) != row::contacts(card) {
        remove(tx, account, card, NO_CONTACTS).await?;
        add_contacts(tx, account, card).await?;
    }
    if before.tags != card.tags {
        remove(tx, account, card, NO_TAGS).await?;
        own::add_tags(tx, account, card).await?;
    }
    if before.values != card.values {
        remove(tx, account, card, NO_VALUES).await?;
        own::add_values(tx, account, card).await?;
    }
    Ok(())
}

const NO_POINTS: &str = "DELETE FROM contact_points WHERE account_id = $1 AND card_id = $2";
const NO_CONTACTS: &str = "DELETE FROM card_contacts WHERE account_id = $1 AND card_id = $2";
const NO_TAGS: &str = "DELETE FROM card_tags WHERE account_id = $1 AND card_id = $2";
const NO_VALUES: &str = "DELETE FROM card_values WHERE account_id = $1 AND card_id = $2";

/// All that is stored as contact points.
fn points(card: &Card) -> ([&[Labelled]; 3], &[Messenger]) {
    (
        [&card.phones, &card.emails, &card.addresses],
        &card.messengers,
    )
}

async fn write(
    tx: &mut Tx,
    account: AccountId,
    card: &Card,
    statement: &'static str,
) -> Result<(), Error> {
    sqlx::query(statement)
        .bind(account.uuid())
        .bind(card.id.uuid())
        .bind(kind_number(card.id.kind()))
        .bind(&card.name)
        .bind(row::responsible(card))
        .bind(row::company(card))
        .bind(card.place.map(|place| PipelineId::uuid(place.pipeline)))
        .bind(card.place.map(|place| StageId::uuid(place.stage)))
        .bind(card.place.and_then(|place| place.close_time))
        .bind(card.price.as_ref().map(|price| price.minor))
        .bind(card.price.as_ref().map(|price| price.currency.as_str()))
        .bind(card.purchase_time)
        .bind(card.version)
        .bind(card.update_time)
        .bind(card.create_time)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn remove(
    tx: &mut Tx,
    account: AccountId,
    card: &Card,
    statement: &'static str,
) -> Result<(), Error> {
    sqlx::query(statement)
        .bind(account.uuid())
        .bind(card.id.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The rows of a card's contact points, as columns.
#[derive(Default)]
struct Points {
    kinds: Vec<i16>,
    positions: Vec<i32>,
    values: Vec<String>,
    labels: Vec<String>,
    connectors: Vec<String>,
    lookups: Vec<Option<String>>,
}

impl Points {
    fn of(card: &Card) -> Self {
        let mut points = Self::default();
        for (phone, position) in card.phones.iter().zip(0..) {
            points.add(
                row::PHONE,
                position,
                (&phone.value, &phone.label, ""),
                Some(phone.value.clone()),
            );
        }
        for (email, position) in card.emails.iter().zip(0..) {
            points.add(
                row::EMAIL,
                position,
                (&email.value, &email.label, ""),
                Some(email.value.to_lowercase()),
            );
        }
        for (address, position) in card.addresses.iter().zip(0..) {
            points.add(
                row::ADDRESS,
                position,
                (&address.value, &address.label, ""),
                None,
            );
        }
        for (messenger, position) in card.messengers.iter().zip(0..) {
            let texts = (
                &messenger.external_id[..],
                &messenger.name[..],
                &messenger.connector[..],
            );
            points.add(row::MESSENGER, position, texts, Some(messenger.lookup()));
        }
        points
    }

    fn add(
        &mut self,
        kind: i16,
        position: i32,
        (value, label, connector): (&str, &str, &str),
        lookup: Option<String>,
    ) {
        self.kinds.push(kind);
        self.positions.push(position);
        self.values.push(value.to_owned());
        self.labels.push(label.to_owned());
        self.connectors.push(connector.to_owned());
        self.lookups.push(lookup);
    }
}

async fn add_points(tx: &mut Tx, account: AccountId, card: &Card) -> Result<(), Error> {
    let points = Points::of(card);
    if points.kinds.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO contact_points (account_id, card_id, kind, position, value, label, connector_key, lookup)
         SELECT $1, $2, * FROM unnest($3::smallint[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[])",
    )
    .bind(account.uuid())
    .bind(card.id.uuid())
    .bind(points.kinds)
    .bind(points.positions)
    .bind(points.values)
    .bind(points.labels)
    .bind(points.connectors)
    .bind(points.lookups)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn add_contacts(tx: &mut Tx, account: AccountId, card: &Card) -> Result<(), Error> {
    let (contacts, positions): (Vec<Uuid>, Vec<i32>) = row::contacts(card);
    if contacts.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO card_contacts (account_id, card_id, contact_id, position)
         SELECT $1, $2, * FROM unnest($3::uuid[], $4::integer[])",
    )
    .bind(account.uuid())
    .bind(card.id.uuid())
    .bind(contacts)
    .bind(positions)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Subscribes an employee.
#[tracing::instrument(level = "debug", name = "db.card.add_follower", skip_all)]
pub async fn add_follower(
    tx: &mut Tx,
    account: AccountId,
    id: CardId,
    user: UserId,
) -> Result<(), Error> {
    sqlx::query("INSERT INTO followers (account_id, card_id, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .bind(account.uuid())
        .bind(id.uuid())
        .bind(user.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Ends a subscription.
#[tracing::instrument(level = "debug", name = "db.card.remove_follower", skip_all)]
pub async fn remove_follower(
    tx: &mut Tx,
    account: AccountId,
    id: CardId,
    user: UserId,
) -> Result<(), Error> {
    sqlx::query("DELETE FROM followers WHERE account_id = $1 AND card_id = $2 AND user_id = $3")
        .bind(account.uuid())
        .bind(id.uuid())
        .bind(user.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Stores version and time of a card of which only what belongs to it changed.
#[tracing::instrument(level = "debug", name = "db.card.touch", skip_all)]
pub async fn touch(tx: &mut Tx, account: AccountId, card: &Card) -> Result<(), Error> {
    sqlx::query(
        "UPDATE cards SET version = $3, update_time = $4 WHERE account_id = $1 AND card_id = $2",
    )
    .bind(account.uuid())
    .bind(card.id.uuid())
    .bind(card.version)
    .bind(card.update_time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Marks a card that was locked as deleted.
#[tracing::instrument(level = "debug", name = "db.card.delete", skip_all)]
pub async fn delete(
    tx: &mut Tx,
    account: AccountId,
    card: &Card,
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE cards SET version = $3, update_time = $4, delete_time = $4 WHERE account_id = $1 AND card_id = $2",
    )
    .bind(account.uuid())
    .bind(card.id.uuid())
    .bind(card.version)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    endings::replace(tx, account, Some(card), None).await
}

/// Makes a card that was deleted be there again, with all that belonged to it.
#[tracing::instrument(level = "debug", name = "db.card.restore", skip_all)]
pub async fn restore(
    tx: &mut Tx,
    account: AccountId,
    id: CardId,
    now: OffsetDateTime,
) -> Result<Option<Card>, Error> {
    sqlx::query(
        "UPDATE cards SET version = version + 1, update_time = greatest(update_time, $4), delete_time = NULL
          WHERE account_id = $1 AND card_id = $2 AND kind = $3 AND delete_time IS NOT NULL",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(kind_number(id.kind()))
    .bind(now)
    .execute(&mut **tx)
    .await?;
    let card = super::get(tx, account, id).await?;
    endings::replace(tx, account, None, card.as_ref()).await?;
    Ok(card)
}
