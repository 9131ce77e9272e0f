//! The rights matrix, and the event that tells other services of every change of members, groups or rights.

use access::{AccountRights, Options, Rules, Subject};
use events::NewEvent;
use pg::Tx;
use prost::Message;
use types::AccountId;

use super::By;
use crate::Error;
use crate::domain::audit::Changes;
use crate::domain::etag;
use crate::domain::rights::{MAX_ACCOUNT_RULES, Stored, StoredOptions, changes, subject_name};
use crate::store::{groups, rights, users};

/// The kind of the event that carries all that decides who may do what in an account.
pub const RIGHTS_CHANGED: &str = "rights.changed";

/// The event of a change of members, groups or rights, made after the change and to be appended last in its transaction. From
/// here on other such changes of the account wait for the commit, so a greater epoch holds whatever a smaller one does.
///
/// # Errors
/// When the database fails.
pub async fn changed(tx: &mut Tx, account: AccountId) -> Result<NewEvent, Error> {
    rights::grow(tx, account).await?;
    let state = rights::account(tx, account).await?;
    Ok(event(account, &state))
}

fn event(account: AccountId, state: &AccountRights) -> NewEvent {
    NewEvent {
        account,
        aggregate: account.uuid(),
        kind: RIGHTS_CHANGED,
        payload: auth::rights::write_account(account, state).encode_to_vec(),
    }
}

/// Sets everything for a subject, if it still has the expected etag. This ends the transaction's work.
///
/// # Errors
/// `UserNotFound`, `GroupNotFound`, `EtagMismatch`, `RightsLimitReached`, or when the database fails.
pub async fn set(
    tx: &mut Tx,
    by: By,
    subject: Subject,
    rules: Rules,
    expected_etag: &str,
) -> Result<Stored, Error> {
    check_subject(tx, by.account, subject).await?;
    let id = rights::lock(tx, by.account, subject)
        .await
        .map_err(|error| gone(error, subject))?;
    let before = rights::get(tx, by.account, subject).await?;
    if !expected_etag.is_empty() && expected_etag != etag(before.version) {
        return Err(Error::EtagMismatch);
    }
    let changes = changes(&before.rules, &rules);
    if changes.is_empty() {
        return Ok(before);
    }
    let after = Stored {
        rules,
        version: before.version + 1,
    };
    rights::replace(tx, by.account, id, &after.rules, after.version).await?;
    by.note(tx, "rights.set", subject_name(subject), changes)
        .await?;
    rights::grow(tx, by.account).await?;
    let state = rights::account(tx, by.account).await?;
    check_size(&state)?;
    events::append(tx, &[event(by.account, &state)]).await?;
    Ok(after)
}

/// Refuses a subject that is not of the account.
///
/// # Errors
/// `UserNotFound`, `GroupNotFound`, or when the database fails.
pub async fn check_subject(tx: &mut Tx, account: AccountId, subject: Subject) -> Result<(), Error> {
    match subject {
        Subject::Role(_) => Ok(()),
        Subject::Group(group) => groups::get(tx, account, group)
            .await?
            .ok_or(Error::GroupNotFound(group))
            .map(|_| ()),
        Subject::User(user) => users::get(tx, account, user)
            .await?
            .ok_or(Error::UserNotFound(user))
            .map(|_| ()),
    }
}

/// The subject was deleted since it was looked for.
fn gone(error: pg::Error, subject: Subject) -> Error {
    match subject {
        Subject::Group(group) if error.is_conflict(rights::GROUP_GONE) => {
            Error::GroupNotFound(group)
        }
        Subject::User(user) if error.is_conflict(rights::USER_GONE) => Error::UserNotFound(user),
        Subject::Role(_) | Subject::Group(_) | Subject::User(_) => error.into(),
    }
}

fn check_size(state: &AccountRights) -> Result<(), Error> {
    let sizes = state.rules.subjects.values();
    let size: usize = sizes
        .map(|rules| rules.stages.len() + rules.fields.len())
        .sum();
    if size > MAX_ACCOUNT_RULES {
        return Err(Error::RightsLimitReached);
    }
    Ok(())
}

/// Sets the account's settings, if they still have the expected etag. This ends the transaction's work.
///
/// # Errors
/// `EtagMismatch`, or when the database fails.
pub async fn set_options(
    tx: &mut Tx,
    by: By,
    options: Options,
    expected_etag: &str,
) -> Result<StoredOptions, Error> {
    let before = rights::lock_options(tx, by.account).await?;
    if !expected_etag.is_empty() && expected_etag != etag(before.version) {
        return Err(Error::EtagMismatch);
    }
    let beats = |options: Options| options.subscription_beats_forbidden_stage;
    let mut changes = Changes::new();
    let field = "subscription_beats_forbidden_stage";
    changes.note(field, &beats(before.options), &beats(options));
    if changes.is_empty() {
        return Ok(before);
    }
    let after = StoredOptions {
        options,
        version: before.version + 1,
    };
    rights::set_options(tx, by.account, after).await?;
    by.note(tx, "rights.set_options", by.account, changes)
        .await?;
    let event = changed(tx, by.account).await?;
    events::append(tx, &[event]).await?;
    Ok(after)
}
