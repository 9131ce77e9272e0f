//! Between rows and cards.

use pg::Error;
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;
use types::{CompanyId, ContactId, PipelineId, StageId, UserId};
use uuid::Uuid;

use crate::domain::card::{Card, Labelled, Messenger, Money, Place};
use crate::domain::field::Field;
use crate::domain::ids::Kind;
use crate::store::corrupt;

/// What is read of a card `c`, in one statement with all that belongs to it. Contacts and companies that were deleted are not.
macro_rules! columns {
    () => {
        "c.card_id, c.kind, c.name, c.responsible_user_id, c.pipeline_id, c.stage_id, c.close_time,
         c.price_minor, c.currency, c.purchase_time, c.version, c.create_time, c.update_time,
         (SELECT jsonb_agg(jsonb_build_array(p.kind, p.value, p.label, p.connector_key) ORDER BY p.kind, p.position)
            FROM contact_points p WHERE p.account_id = c.account_id AND p.card_id = c.card_id) AS points,
         ARRAY (SELECT f.user_id FROM followers f
                 WHERE f.account_id = c.account_id AND f.card_id = c.card_id ORDER BY f.user_id) AS followers,
         (SELECT k.card_id FROM cards k
           WHERE k.account_id = c.account_id AND k.card_id = c.company_id AND k.delete_time IS NULL) AS company_id,
         (SELECT l.contact_id FROM card_contacts l JOIN cards k ON k.account_id = l.account_id AND k.card_id = l.contact_id
           WHERE l.account_id = c.account_id AND l.card_id = c.card_id AND l.position = 0
             AND k.delete_time IS NULL) AS main_contact_id,
         ARRAY (SELECT l.contact_id FROM card_contacts l JOIN cards k ON k.account_id = l.account_id AND k.card_id = l.contact_id
                 WHERE l.account_id = c.account_id AND l.card_id = c.card_id AND l.position > 0 AND k.delete_time IS NULL
                 ORDER BY l.position) AS contacts,
         ARRAY (SELECT g.tag_id FROM card_tags g
                 WHERE g.account_id = c.account_id AND g.card_id = c.card_id ORDER BY g.tag_id) AS tags,
         (SELECT jsonb_agg(jsonb_build_array(v.field_id, d.type, v.value))
            FROM card_values v JOIN fields d ON d.account_id = v.account_id AND d.field_id = v.field_id
           WHERE v.account_id = c.account_id AND v.card_id = c.card_id) AS own_values"
    };
}
pub(super) use columns;

/// Kinds of contact points, as the database numbers them.
pub(in crate::store) mod points {
    /// Telephone number.
    pub const PHONE: i16 = 1;
    /// E-mail.
    pub const EMAIL: i16 = 2;
    /// Postal address.
    pub const ADDRESS: i16 = 3;
    /// Messenger.
    pub const MESSENGER: i16 = 4;
}
pub(super) use points::{ADDRESS, EMAIL, MESSENGER, PHONE};

/// A kind of card as the database numbers it.
pub(in crate::store) fn kind_number(kind: Kind) -> i16 {
    match kind {
        Kind::Contact => 1,
        Kind::Company => 2,
        Kind::Deal => 3,
        Kind::Customer => 4,
    }
}

/// The kind with this number.
pub(in crate::store) fn kind(number: i16) -> Option<Kind> {
    let kinds = [Kind::Contact, Kind::Company, Kind::Deal, Kind::Customer];
    kinds.into_iter().find(|kind| kind_number(*kind) == number)
}

pub(super) fn from_row(row: &PgRow) -> Result<Card, Error> {
    let uuid: Uuid = row.try_get("card_id")?;
    let kind = kind(row.try_get("kind")?).ok_or_else(|| corrupt("cards", "kind", uuid))?;
    let responsible: Uuid = row.try_get("responsible_user_id")?;
    let mut card = Card::blank(
        kind.id(uuid),
        responsible.into(),
        row.try_get("create_time")?,
    );
    card.name = row.try_get("name")?;
    card.followers = ids(row, "followers")?;
    card.main_contact = id(row, "main_contact_id")?;
    card.contacts = ids(row, "contacts")?;
    card.company = id(row, "company_id")?;
    card.place = place(row)?;
    card.price = money(row)?;
    card.purchase_time = row.try_get("purchase_time")?;
    card.version = row.try_get("version")?;
    card.update_time = row.try_get("update_time")?;
    let points: Option<Value> = row.try_get("points")?;
    for point in points.iter().filter_map(Value::as_array).flatten() {
        add_point(&mut card, point).ok_or_else(|| corrupt("contact_points", "value", uuid))?;
    }
    card.tags = ids(row, "tags")?;
    let values: Option<Value> = row.try_get("own_values")?;
    for value in values.iter().filter_map(Value::as_array).flatten() {
        add_value(&mut card, value).ok_or_else(|| corrupt("card_values", "value", uuid))?;
    }
    Ok(card)
}

fn place(row: &PgRow) -> Result<Option<Place>, Error> {
    let pipeline: Option<PipelineId> = id(row, "pipeline_id")?;
    let stage: Option<StageId> = id(row, "stage_id")?;
    let close_time = row.try_get("close_time")?;
    Ok(pipeline.zip(stage).map(|(pipeline, stage)| Place {
        pipeline,
        stage,
        close_time,
    }))
}

fn money(row: &PgRow) -> Result<Option<Money>, Error> {
    let minor: Option<i64> = row.try_get("price_minor")?;
    let currency: Option<String> = row.try_get("currency")?;
    Ok(minor
        .zip(currency)
        .map(|(minor, currency)| Money { minor, currency }))
}

fn add_point(card: &mut Card, point: &Value) -> Option<()> {
    let text = |place: usize| Some(point.get(place)?.as_str()?.to_owned());
    let (value, label) = (text(1)?, text(2)?);
    match i16::try_from(point.get(0)?.as_i64()?).ok()? {
        PHONE => card.phones.push(Labelled { value, label }),
        EMAIL => card.emails.push(Labelled { value, label }),
        ADDRESS => card.addresses.push(Labelled { value, label }),
        MESSENGER => card.messengers.push(Messenger {
            connector: text(3)?,
            external_id: value,
            name: label,
        }),
        _ => return None,
    }
    Some(())
}

fn add_value(card: &mut Card, value: &Value) -> Option<()> {
    let field: Uuid = value.get(0)?.as_str()?.parse().ok()?;
    let type_ = crate::store::fields::type_(i16::try_from(value.get(1)?.as_i64()?).ok()?)?;
    card.values
        .insert(field.into(), Field::read(type_, value.get(2)?)?);
    Some(())
}

fn id<T: From<Uuid>>(row: &PgRow, column: &str) -> Result<Option<T>, Error> {
    Ok(row.try_get::<Option<Uuid>, _>(column)?.map(T::from))
}

fn ids<T: From<Uuid>>(row: &PgRow, column: &str) -> Result<Vec<T>, Error> {
    let uuids: Vec<Uuid> = row.try_get(column)?;
    Ok(uuids.into_iter().map(T::from).collect())
}

/// The ids of a card's company and people, as the database keeps them.
pub(super) fn company(card: &Card) -> Option<Uuid> {
    card.company.map(CompanyId::uuid)
}

/// Those of its contacts, with their places: 0 is the main one's.
pub(super) fn contacts(card: &Card) -> (Vec<Uuid>, Vec<i32>) {
    let main = card.main_contact.map(|contact| (contact.uuid(), 0));
    let others = card.contacts.iter().copied().map(ContactId::uuid).zip(1..);
    main.into_iter().chain(others).unzip()
}

/// A responsible employee.
pub(super) fn responsible(card: &Card) -> Uuid {
    UserId::uuid(card.responsible)
}
