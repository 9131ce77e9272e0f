//! Who a client is, and what is personal of them: how it is now, and how it ever was.

use std::collections::BTreeSet;

use erasure::{Kind, Person};
use pg::{Error, Tx};
use serde_json::Value as Json;
use types::{AccountId, ContactId};
use uuid::Uuid;

use super::PERSONAL;
use crate::domain::card::lookup;
use crate::domain::merge::Merge;
use crate::domain::timeline::Event;
use crate::store::cards::points;
use crate::store::corrupt;
use crate::store::timeline::number;

/// The contacts that carry exactly a number, those whom a channel knows as it knows the person, and those that are known, with those
/// that went into them; and all values of theirs.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.erasure.find", skip_all, fields(account.id = %account), err)]
pub async fn find(
    tx: &mut Tx,
    account: AccountId,
    phone: &str,
    known: &Person,
) -> Result<Person, Error> {
    let mut ids = contacts(tx, account, phone, known).await?;
    let mut person = Person::default();
    loop {
        let before = ids.len();
        let all: Vec<Uuid> = ids.iter().copied().collect();
        for merge in merges(tx, account, &all).await? {
            ids.extend(merge.sources.iter().map(|source| source.uuid()));
            let kinds = [Kind::Phone, Kind::Email, Kind::Address];
            for (points, kind) in merge.gains.points().into_iter().zip(kinds) {
                points.iter().for_each(|text| person.add(kind, text));
            }
        }
        if ids.len() == before {
            break;
        }
    }
    person.contacts = ids.iter().copied().map(ContactId::from).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    add_present(tx, account, &ids, &mut person).await?;
    add_past(tx, account, &ids, &mut person).await?;
    Ok(person)
}

async fn contacts(
    tx: &mut Tx,
    account: AccountId,
    phone: &str,
    known: &Person,
) -> Result<BTreeSet<Uuid>, Error> {
    let (mut kinds, mut lookups): (Vec<i16>, Vec<String>) = known
        .channels
        .iter()
        .map(|(connector, id)| (points::MESSENGER, lookup(connector, id)))
        .unzip();
    if !phone.is_empty() {
        kinds.push(points::PHONE);
        lookups.push(phone.to_owned());
    }
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "SELECT card_id FROM cards WHERE account_id = $1 AND card_id = ANY ($2) AND kind = 1
          UNION
         SELECT c.card_id FROM unnest($3::smallint[], $4::text[]) AS w (kind, lookup)
           JOIN contact_points p ON p.account_id = $1 AND p.kind = w.kind AND p.lookup = w.lookup
           JOIN cards c ON c.account_id = $1 AND c.card_id = p.card_id AND c.kind = 1",
    )
    .bind(account.uuid())
    .bind(known.contact_ids())
    .bind(kinds)
    .bind(lookups)
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids.into_iter().collect())
}

async fn merges(tx: &mut Tx, account: AccountId, contacts: &[Uuid]) -> Result<Vec<Merge>, Error> {
    let rows: Vec<(Uuid, Json)> = sqlx::query_as(
        "SELECT contact_id, merge FROM merges WHERE account_id = $1 AND contact_id = ANY ($2)",
    )
    .bind(account.uuid())
    .bind(contacts)
    .fetch_all(&mut **tx)
    .await?;
    let merge =
        |(id, merge)| serde_json::from_value(merge).map_err(|_| corrupt("merges", "merge", id));
    rows.into_iter().map(merge).collect()
}

async fn add_present(
    tx: &mut Tx,
    account: AccountId,
    ids: &[Uuid],
    person: &mut Person,
) -> Result<(), Error> {
    let names: Vec<String> =
        sqlx::query_scalar("SELECT name FROM cards WHERE account_id = $1 AND card_id = ANY ($2)")
            .bind(account.uuid())
            .bind(ids)
            .fetch_all(&mut **tx)
            .await?;
    names.iter().for_each(|name| person.add(Kind::Name, name));
    let rows: Vec<(i16, String, String, String)> = sqlx::query_as(
        "SELECT kind, value, label, connector_key FROM contact_points WHERE account_id = $1 AND card_id = ANY ($2)",
    )
    .bind(account.uuid())
    .bind(ids)
    .fetch_all(&mut **tx)
    .await?;
    for (kind, value, label, connector) in rows {
        match kind {
            points::PHONE => person.add(Kind::Phone, &value),
            points::EMAIL => person.add(Kind::Email, &value),
            points::ADDRESS => person.add(Kind::Address, &value),
            _ => {
                person.add(Kind::MessengerName, &label);
                person.channels.insert((connector, value));
            }
        }
    }
    Ok(())
}

/// What the timeline tells of names, numbers and addresses that were there.
async fn add_past(
    tx: &mut Tx,
    account: AccountId,
    ids: &[Uuid],
    person: &mut Person,
) -> Result<(), Error> {
    let fields: Vec<&str> = PERSONAL.iter().map(|(field, _)| *field).collect();
    let rows: Vec<(String, Option<Json>, Option<Json>)> = sqlx::query_as(
        "SELECT CASE WHEN kind = ANY ($3) THEN 'name' ELSE field END AS field, before, after FROM timeline
          WHERE account_id = $1 AND card_id = ANY ($2) AND (CASE WHEN kind = ANY ($3) THEN 'name' ELSE field END) = ANY ($4)",
    )
    .bind(account.uuid())
    .bind(ids)
    .bind([number(Event::Created), number(Event::Deleted)])
    .bind(&fields)
    .fetch_all(&mut **tx)
    .await?;
    for (field, before, after) in rows {
        let kind = PERSONAL.iter().find(|(known, _)| *known == field);
        let Some((_, kind)) = kind else { continue };
        for value in [before, after].into_iter().flatten() {
            add_json(*kind, &value, person);
        }
    }
    add_called(tx, account, ids, person).await
}

/// Numbers at the other end of calls with these contacts.
async fn add_called(
    tx: &mut Tx,
    account: AccountId,
    ids: &[Uuid],
    person: &mut Person,
) -> Result<(), Error> {
    let told: Vec<Json> = sqlx::query_scalar(
        "SELECT after FROM timeline WHERE account_id = $1 AND card_id = ANY ($2) AND kind = $3 AND after IS NOT NULL",
    )
    .bind(account.uuid())
    .bind(ids)
    .bind(number(Event::Call))
    .fetch_all(&mut **tx)
    .await?;
    let numbers = told.iter().filter_map(|call| call.get("phone")?.as_str());
    numbers.for_each(|number| person.add(Kind::Phone, number));
    Ok(())
}

/// A name, or a list of points or messengers as the timeline writes them.
fn add_json(kind: Kind, json: &Json, person: &mut Person) {
    if let Some(name) = json.as_str() {
        person.add(kind, name);
    }
    let field = match kind {
        Kind::MessengerName => "name",
        _ => "value",
    };
    let items = json.as_array().into_iter().flatten();
    let texts = items.filter_map(|item| item.get(field)?.as_str());
    texts.for_each(|text| person.add(kind, text));
}
