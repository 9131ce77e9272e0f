//! Tags.

use pg::Tx;
use types::TagId;

use crate::Error;
use crate::core::By;
use crate::domain::etag_fits;
use crate::domain::tag::Tag;
use crate::store::tags;

/// Adds a tag.
///
/// # Errors
/// `TagNameTaken`, or when the database fails.
pub async fn create(tx: &mut Tx, by: &By, name: String) -> Result<Tag, Error> {
    let tag = Tag {
        id: TagId::generate(),
        name,
        version: 1,
        create_time: by.now,
    };
    tags::insert(tx, by.account, &tag)
        .await
        .map_err(name_taken)?;
    Ok(tag)
}

/// Renames a tag.
///
/// # Errors
/// `TagNotFound`, `TagNameTaken`, `EtagMismatch`, or when the database fails.
pub async fn rename(
    tx: &mut Tx,
    by: &By,
    id: TagId,
    name: Option<String>,
    etag: &str,
) -> Result<Tag, Error> {
    let before = tags::lock(tx, by.account, id)
        .await?
        .ok_or(Error::TagNotFound(id))?;
    if !etag_fits(etag, before.version) {
        return Err(Error::EtagMismatch);
    }
    let Some(name) = name.filter(|name| *name != before.name) else {
        return Ok(before);
    };
    let after = Tag {
        name,
        version: before.version + 1,
        ..before
    };
    tags::update(tx, by.account, &after)
        .await
        .map_err(name_taken)?;
    Ok(after)
}

fn name_taken(error: pg::Error) -> Error {
    if error.is_conflict(tags::NAME_TAKEN) {
        Error::TagNameTaken
    } else {
        error.into()
    }
}
