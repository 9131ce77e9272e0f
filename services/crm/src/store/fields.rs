//! Fields that accounts have added to their cards.

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, FieldId};
use uuid::Uuid;

use super::cards::{kind, kind_number};
use super::corrupt;
use crate::domain::field::{Field, Type};
use crate::domain::ids::Kind;

#[derive(FromRow)]
struct FieldRow {
    field_id: Uuid,
    card_kind: i16,
    #[sqlx(rename = "type")]
    type_: i16,
    name: String,
    options: Vec<String>,
    version: i64,
    create_time: OffsetDateTime,
}

impl TryFrom<FieldRow> for Field {
    type Error = Error;

    fn try_from(row: FieldRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.field_id.into(),
            kind: kind(row.card_kind)
                .ok_or_else(|| corrupt("fields", "card_kind", row.field_id))?,
            type_: type_(row.type_).ok_or_else(|| corrupt("fields", "type", row.field_id))?,
            name: row.name,
            options: row.options,
            version: row.version,
            create_time: row.create_time,
        })
    }
}

const TYPES: [(Type, i16); 5] = [
    (Type::Text, 1),
    (Type::Number, 2),
    (Type::Date, 3),
    (Type::Select, 4),
    (Type::Checkbox, 5),
];

fn type_number(type_: Type) -> i16 {
    let known = TYPES.iter().find(|(known, _)| *known == type_);
    known.map_or(0, |(_, number)| *number)
}

/// A type by its number in the database.
pub(super) fn type_(number: i16) -> Option<Type> {
    let known = TYPES.iter().find(|(_, known)| *known == number);
    known.map(|(type_, _)| *type_)
}

/// What the account calls its own fields.
#[tracing::instrument(level = "debug", name = "db.field.names", skip_all)]
pub async fn names(tx: &mut Tx, account: AccountId) -> Result<Vec<(FieldId, String)>, Error> {
    let rows: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT field_id, name FROM fields WHERE account_id = $1 ORDER BY field_id")
            .bind(account.uuid())
            .fetch_all(&mut **tx)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(id, name)| (id.into(), name))
        .collect())
}

/// Adds a field.
#[tracing::instrument(level = "debug", name = "db.field.insert", skip_all)]
pub async fn insert(tx: &mut Tx, account: AccountId, field: &Field) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO fields (account_id, field_id, card_kind, type, name, options, version, create_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(account.uuid())
    .bind(field.id.uuid())
    .bind(kind_number(field.kind))
    .bind(type_number(field.type_))
    .bind(&field.name)
    .bind(&field.options)
    .bind(field.version)
    .bind(field.create_time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The fields of a kind of card or of all, oldest first: there are few.
#[tracing::instrument(level = "debug", name = "db.field.all", skip_all)]
pub async fn all(tx: &mut Tx, account: AccountId, kind: Option<Kind>) -> Result<Vec<Field>, Error> {
    let rows: Vec<FieldRow> = sqlx::query_as(
        "SELECT field_id, card_kind, type, name, options, version, create_time FROM fields
          WHERE account_id = $1 AND ($2::smallint IS NULL OR card_kind = $2) ORDER BY field_id",
    )
    .bind(account.uuid())
    .bind(kind.map(kind_number))
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Field::try_from).collect()
}

/// A field, which nobody else changes until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.field.lock", skip_all)]
pub async fn lock(tx: &mut Tx, account: AccountId, field: FieldId) -> Result<Option<Field>, Error> {
    let row: Option<FieldRow> = sqlx::query_as(
        "SELECT field_id, card_kind, type, name, options, version, create_time FROM fields
          WHERE account_id = $1 AND field_id = $2 FOR NO KEY UPDATE",
    )
    .bind(account.uuid())
    .bind(field.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Field::try_from).transpose()
}

/// Those of these fields that exist and belong to a kind of card; they cannot be deleted until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.field.hold", skip_all)]
pub async fn hold(
    tx: &mut Tx,
    account: AccountId,
    kind: Kind,
    fields: &[FieldId],
) -> Result<Vec<Field>, Error> {
    let fields: Vec<Uuid> = fields.iter().map(|field| field.uuid()).collect();
    let rows: Vec<FieldRow> = sqlx::query_as(
        "SELECT field_id, card_kind, type, name, options, version, create_time FROM fields
          WHERE account_id = $1 AND field_id = ANY ($2) AND card_kind = $3 ORDER BY field_id FOR KEY SHARE",
    )
    .bind(account.uuid())
    .bind(fields)
    .bind(kind_number(kind))
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Field::try_from).collect()
}

/// Lets nobody else add a field until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.field.lock_all", skip_all)]
pub async fn lock_all(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('crm fields ' || $1::text, 0))")
        .bind(account.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Is there such a field?
///
/// # Errors
/// When the database fails.
pub async fn exists(tx: &mut Tx, account: AccountId, field: FieldId) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM fields WHERE account_id = $1 AND field_id = $2)",
    )
    .bind(account.uuid())
    .bind(field.uuid())
    .fetch_one(&mut **tx)
    .await?)
}

/// Stores what can change of a field that was locked.
#[tracing::instrument(level = "debug", name = "db.field.update", skip_all)]
pub async fn update(tx: &mut Tx, account: AccountId, field: &Field) -> Result<(), Error> {
    sqlx::query("UPDATE fields SET name = $3, options = $4, version = $5 WHERE account_id = $1 AND field_id = $2")
        .bind(account.uuid())
        .bind(field.id.uuid())
        .bind(&field.name)
        .bind(&field.options)
        .bind(field.version)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Deletes a field with all values; `false` when there is none.
#[tracing::instrument(level = "debug", name = "db.field.delete", skip_all)]
pub async fn delete(tx: &mut Tx, account: AccountId, field: FieldId) -> Result<bool, Error> {
    let deleted = sqlx::query("DELETE FROM fields WHERE account_id = $1 AND field_id = $2")
        .bind(account.uuid())
        .bind(field.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(deleted.rows_affected() == 1)
}
