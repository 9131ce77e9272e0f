//! What an operator does with erasures, beside the running service: see receipts, have them checked, erase again what a restored backup
//! brought back.

use kit::secrets::MasterKey;
use pg::{Db, Error, SystemScope};
use types::{AccountId, Clock, ContactId, ErasureId};
use uuid::Uuid;

use crate::domain::erasure::Erasure;
use crate::erasure::{Subject, begin};
use crate::store::erasures;

pub use crate::domain::erasure::{Places, Stage};

/// Erasures that are read at once.
const PAGE: i64 = 500;

/// All erasures, in the order of accounts.
///
/// # Errors
/// When the database fails.
pub async fn erasures(db: &Db) -> Result<Vec<Erasure>, Error> {
    let (mut all, mut after): (Vec<Erasure>, _) = (Vec::new(), (Uuid::nil(), Uuid::nil()));
    loop {
        let read = db.tx(SystemScope::for_job("list erasures"), move |tx| {
            Box::pin(async move { erasures::page(tx, after, PAGE).await })
        });
        let page: Vec<erasures::Stored> = read.await?;
        let Some(last) = page.last() else {
            return Ok(all);
        };
        after = (last.erasure.account.uuid(), last.erasure.id.uuid());
        all.extend(page.into_iter().map(|stored| stored.erasure));
    }
}

/// One erasure.
///
/// # Errors
/// When the database fails.
pub async fn erasure(db: &Db, account: AccountId, id: ErasureId) -> Result<Option<Erasure>, Error> {
    let read = db.tx(SystemScope::for_job("read an erasure"), move |tx| {
        Box::pin(async move { erasures::get(tx, account, id).await })
    });
    Ok(read.await?.map(|stored: erasures::Stored| stored.erasure))
}

/// Has the running cabinet check a finished erasure again; false for one that still runs.
///
/// # Errors
/// When the database fails.
pub async fn check(
    db: &Db,
    clock: &Clock,
    account: AccountId,
    id: ErasureId,
) -> Result<bool, Error> {
    let now = clock.now();
    db.tx(SystemScope::for_job("check an erasure"), move |tx| {
        Box::pin(async move { erasures::check(tx, account, id, now).await })
    })
    .await
}

/// Has the running cabinet erase contacts that were erased before and came back with a backup. What is personal of them is found anew.
///
/// # Errors
/// When the database fails.
pub async fn erase_again(
    db: &Db,
    key: &MasterKey,
    clock: &Clock,
    account: AccountId,
    contacts: Vec<ContactId>,
) -> Result<ErasureId, Error> {
    begin(db, key, account, Subject::Contacts(contacts), clock.now()).await
}
