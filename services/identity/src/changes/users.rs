//! Employees.

use auth::Role;
use events::NewEvent;
use pg::Tx;
use types::{GroupId, SessionId, UserId, new_uuid};

use super::{By, rights};
use crate::Error;
use crate::domain::audit::Changes;
use crate::domain::email::Email;
use crate::domain::etag;
use crate::domain::user::{User, UserChange, role_name};
use crate::store::{accounts, groups, revocations, sessions, users};

/// A new employee.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// For log-in.
    pub email: Email,
    /// Name to show.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Department.
    pub group: Option<GroupId>,
    /// BCP 47 language; `None` means the account's.
    pub language: Option<String>,
    /// Argon2id of the password, as a PHC string.
    pub password_hash: String,
}

/// Adds an employee. The event is the caller's to append, last in the transaction.
///
/// # Errors
/// `EmailTaken`, `GroupNotFound`, or when the database fails.
pub async fn create(tx: &mut Tx, by: By, new: NewUser) -> Result<(User, NewEvent), Error> {
    if let Some(group) = new.group {
        groups::get(tx, by.account, group)
            .await?
            .ok_or(Error::GroupNotFound(group))?;
    }
    let user = User {
        id: UserId::generate(),
        email: new.email.as_str().to_owned(),
        name: new.name,
        role: new.role,
        group: new.group,
        language: new.language,
        active: true,
        grant_version: new_uuid(),
        version: 1,
        create_time: by.now,
    };
    let stored = users::insert(tx, by.account, &user, &new.email, &new.password_hash).await;
    stored.map_err(|error| {
        if error.is_conflict(users::EMAIL_TAKEN) {
            Error::EmailTaken
        } else {
            error.into()
        }
    })?;
    let mut changes = Changes::new();
    changes.set("name", &user.name);
    changes.set("role", role_name(user.role));
    changes.set("group_id", user.group);
    by.note(tx, "user.create", user.id, changes).await?;
    Ok((user, rights::changed(tx, by.account).await?))
}

/// Changes an employee who still has the expected etag. Tokens that say what is no longer true are refused from now on;
/// whoever is switched off is logged out. This ends the transaction's work.
///
/// # Errors
/// `UserNotFound`, `GroupNotFound`, `EtagMismatch`, `LastAdministrator`, or when the database fails.
pub async fn update(
    tx: &mut Tx,
    by: By,
    id: UserId,
    change: UserChange,
    expected_etag: &str,
) -> Result<User, Error> {
    let before = users::lock(tx, by.account, id)
        .await?
        .ok_or(Error::UserNotFound(id))?;
    if !expected_etag.is_empty() && expected_etag != etag(before.version) {
        return Err(Error::EtagMismatch);
    }
    let (mut after, changes) = before.changed(&change);
    if changes.is_empty() {
        return Ok(before);
    }
    check_group(tx, by, &before, &after).await?;
    if before.stops_administering(&after) {
        keep_an_administrator(tx, by, id).await?;
    }
    after.version += 1;
    after.grant_version = new_uuid();
    users::update(tx, by.account, &after).await?;
    by.note(tx, "user.update", id, changes).await?;
    let mut ended = vec![before.grant_version];
    if before.active && !after.active {
        ended.extend(sessions::end_all(tx, by.account, id, None, by.now).await?);
    }
    let event = rights::changed(tx, by.account).await?;
    revocations::insert(tx, by.account, &ended, by.now).await?;
    events::append(tx, &[event]).await?;
    Ok(after)
}

async fn check_group(tx: &mut Tx, by: By, before: &User, after: &User) -> Result<(), Error> {
    match after.group {
        Some(group) if before.group != Some(group) => groups::get(tx, by.account, group)
            .await?
            .ok_or(Error::GroupNotFound(group))
            .map(|_| ()),
        Some(_) | None => Ok(()),
    }
}

async fn keep_an_administrator(tx: &mut Tx, by: By, leaving: UserId) -> Result<(), Error> {
    accounts::lock(tx, by.account).await?;
    match users::other_administrators(tx, by.account, leaving).await? {
        0 => Err(Error::LastAdministrator(leaving)),
        _ => Ok(()),
    }
}

/// Sets a new password and ends the employee's sessions, except the one in which they did it themselves.
///
/// # Errors
/// `UserNotFound`, or when the database fails.
pub async fn set_password(
    tx: &mut Tx,
    by: By,
    id: UserId,
    password_hash: &str,
    own_session: Option<SessionId>,
) -> Result<(), Error> {
    users::lock(tx, by.account, id)
        .await?
        .ok_or(Error::UserNotFound(id))?;
    users::set_password(tx, by.account, id, password_hash).await?;
    by.note(tx, "user.set_password", id, Changes::new()).await?;
    let ended = sessions::end_all(tx, by.account, id, own_session, by.now).await?;
    Ok(revocations::insert(tx, by.account, &ended, by.now).await?)
}
