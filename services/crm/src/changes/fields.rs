//! Fields that accounts have added to their cards.

use pg::Tx;
use types::FieldId;

use crate::Error;
use crate::core::By;
use crate::domain::etag_fits;
use crate::domain::field::{Field, MAX_FIELDS, Type};
use crate::domain::ids::Kind;
use crate::store::fields;
use kit::Refusal;

/// Adds a field.
///
/// # Errors
/// `LimitReached`, or when the database fails.
pub async fn create(
    tx: &mut Tx,
    by: &By,
    (kind, type_): (Kind, Type),
    name: String,
    options: Vec<String>,
) -> Result<Field, Error> {
    fields::lock_all(tx, by.account).await?;
    if fields::all(tx, by.account, Some(kind)).await?.len() >= MAX_FIELDS {
        return Err(Error::LimitReached(MAX_FIELDS));
    }
    let field = Field {
        id: FieldId::generate(),
        kind,
        type_,
        name,
        options,
        version: 1,
        create_time: by.now,
    };
    fields::insert(tx, by.account, &field).await?;
    Ok(field)
}

/// Renames a field or changes what can be chosen.
///
/// # Errors
/// `FieldNotFound`, `EtagMismatch`, FIELD_INVALID for options of a field that has none, or when the database fails.
pub async fn update(
    tx: &mut Tx,
    by: &By,
    id: FieldId,
    name: Option<String>,
    options: Option<Vec<String>>,
    etag: &str,
) -> Result<Field, Error> {
    let before = fields::lock(tx, by.account, id)
        .await?
        .ok_or(Error::FieldNotFound(id))?;
    if !etag_fits(etag, before.version) {
        return Err(Error::EtagMismatch);
    }
    let mut after = before.clone();
    after.name = name.unwrap_or(after.name);
    after.options = options.unwrap_or(after.options);
    if let Some(problem) = options_problem(after.type_, &after.options) {
        return Err(Refusal::field("field.options", problem).into());
    }
    if after != before {
        after.version += 1;
        fields::update(tx, by.account, &after).await?;
    }
    Ok(after)
}

/// What is wrong with the options of a field of this type.
#[must_use]
pub fn options_problem(type_: Type, options: &[String]) -> Option<&'static str> {
    match (type_, options) {
        (Type::Select, []) => Some("must not be empty for a field of type SELECT"),
        (Type::Select, _) | (_, []) => None,
        (_, _) => Some("must be empty for a field of this type"),
    }
}
