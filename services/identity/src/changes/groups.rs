//! Departments.

use events::NewEvent;
use pg::Tx;
use types::GroupId;

use super::{By, rights};
use crate::Error;
use crate::domain::audit::Changes;
use crate::domain::etag;
use crate::domain::group::Group;
use crate::store::groups;

/// Adds a department. The event is the caller's to append, last in the transaction.
///
/// # Errors
/// `GroupNameTaken`, or when the database fails.
pub async fn create(tx: &mut Tx, by: By, name: String) -> Result<(Group, NewEvent), Error> {
    let group = Group {
        id: GroupId::generate(),
        name,
        version: 1,
        create_time: by.now,
    };
    groups::insert(tx, by.account, &group)
        .await
        .map_err(name_taken)?;
    let mut changes = Changes::new();
    changes.set("name", &group.name);
    by.note(tx, "group.create", group.id, changes).await?;
    Ok((group, rights::changed(tx, by.account).await?))
}

/// Renames a department, if it still has the expected etag. This ends the transaction's work.
///
/// # Errors
/// `GroupNotFound`, `GroupNameTaken`, `EtagMismatch`, or when the database fails.
pub async fn rename(
    tx: &mut Tx,
    by: By,
    id: GroupId,
    name: Option<String>,
    expected_etag: &str,
) -> Result<Group, Error> {
    let before = groups::lock(tx, by.account, id)
        .await?
        .ok_or(Error::GroupNotFound(id))?;
    if !expected_etag.is_empty() && expected_etag != etag(before.version) {
        return Err(Error::EtagMismatch);
    }
    let name = name.unwrap_or_else(|| before.name.clone());
    let mut changes = Changes::new();
    changes.note("name", &before.name, &name);
    if changes.is_empty() {
        return Ok(before);
    }
    let after = Group {
        name,
        version: before.version + 1,
        ..before
    };
    groups::update(tx, by.account, &after)
        .await
        .map_err(name_taken)?;
    by.note(tx, "group.update", id, changes).await?;
    let event = rights::changed(tx, by.account).await?;
    events::append(tx, &[event]).await?;
    Ok(after)
}

/// Deletes a department that has no members, and what is set for it. This ends the transaction's work.
///
/// # Errors
/// `GroupNotFound`, `GroupNotEmpty`, or when the database fails.
pub async fn delete(tx: &mut Tx, by: By, id: GroupId) -> Result<(), Error> {
    let deleted = groups::delete(tx, by.account, id).await.map_err(|error| {
        if error.is_conflict(groups::HAS_MEMBERS) {
            Error::GroupNotEmpty(id)
        } else {
            error.into()
        }
    })?;
    if !deleted {
        return Err(Error::GroupNotFound(id));
    }
    by.note(tx, "group.delete", id, Changes::new()).await?;
    let event = rights::changed(tx, by.account).await?;
    events::append(tx, &[event]).await?;
    Ok(())
}

fn name_taken(error: pg::Error) -> Error {
    if error.is_conflict(groups::NAME_TAKEN) {
        Error::GroupNameTaken
    } else {
        error.into()
    }
}
