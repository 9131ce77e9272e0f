//! Tags.

use ::events::NewEvent;
use pg::Tx;
use types::TagId;

use super::events;
use crate::Error;
use crate::core::By;
use crate::domain::etag_fits;
use crate::domain::tag::Tag;
use crate::store::tags;

/// A changed tag, and the event to append last; none where nothing changed.
#[derive(Debug)]
pub struct Changed {
    /// The tag after it.
    pub tag: Tag,
    /// What to tell others.
    pub event: Option<NewEvent>,
}

/// Adds a tag.
///
/// # Errors
/// `TagNameTaken`, or when the database fails.
pub async fn create(tx: &mut Tx, by: &By, name: String) -> Result<Changed, Error> {
    let tag = Tag {
        id: TagId::generate(),
        name,
        version: 1,
        create_time: by.now,
    };
    tags::insert(tx, by.account, &tag)
        .await
        .map_err(name_taken)?;
    let event = Some(events::of_tag(by.account, &tag, false));
    Ok(Changed { tag, event })
}

/// The tags with these names; those that are not there are added, and the events that tell of it are the caller's to append, last.
///
/// # Errors
/// When the database fails.
pub async fn named(
    tx: &mut Tx,
    by: &By,
    names: &[String],
    told: &mut Vec<NewEvent>,
) -> Result<Vec<TagId>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let known = tags::named(tx, by.account, names).await?;
    if known.len() == names.len() {
        return Ok(known);
    }
    let wanted: Vec<Tag> = names
        .iter()
        .map(|name| Tag {
            id: TagId::generate(),
            name: name.clone(),
            version: 1,
            create_time: by.now,
        })
        .collect();
    let added = tags::insert_free(tx, by.account, &wanted).await?;
    let new = wanted.iter().filter(|tag| added.contains(&tag.id));
    told.extend(new.map(|tag| events::of_tag(by.account, tag, false)));
    Ok(tags::named(tx, by.account, names).await?)
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
) -> Result<Changed, Error> {
    let before = tags::lock(tx, by.account, id)
        .await?
        .ok_or(Error::TagNotFound(id))?;
    if !etag_fits(etag, before.version) {
        return Err(Error::EtagMismatch);
    }
    let Some(name) = name.filter(|name| *name != before.name) else {
        return Ok(Changed {
            tag: before,
            event: None,
        });
    };
    let after = Tag {
        name,
        version: before.version + 1,
        ..before
    };
    tags::update(tx, by.account, &after)
        .await
        .map_err(name_taken)?;
    let event = Some(events::of_tag(by.account, &after, false));
    Ok(Changed { tag: after, event })
}

/// Deletes a tag and takes it off all cards.
///
/// # Errors
/// `TagNotFound`, or when the database fails.
pub async fn delete(tx: &mut Tx, by: &By, id: TagId) -> Result<NewEvent, Error> {
    let tag = tags::lock(tx, by.account, id)
        .await?
        .ok_or(Error::TagNotFound(id))?;
    tags::delete(tx, by.account, id).await?;
    Ok(events::of_tag(by.account, &tag, true))
}

fn name_taken(error: pg::Error) -> Error {
    if error.is_conflict(tags::NAME_TAKEN) {
        Error::TagNameTaken
    } else {
        error.into()
    }
}
