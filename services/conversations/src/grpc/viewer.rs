//! Callers as this service sees them.

use std::time::Duration;

use auth::{AccountScope, Caller, Principal};
use kit::Refusal;
use pg::{Db, Tx, TxFuture};
use rights::RightsCopy;
use uuid::Uuid;

use crate::domain::card::Viewer;
use crate::domain::message::{Author, AuthorKind};

/// Who looks, in which account, with the rights that hold in this very transaction.
#[derive(Debug, Clone)]
pub struct By {
    /// The account.
    pub scope: AccountScope,
    /// The caller's rights. A program whose scopes let it in acts for the whole account.
    pub viewer: Viewer,
}

/// Runs `body` in a transaction of the caller's account.
///
/// # Errors
/// What `body` returns, or when the caller's rights cannot be known.
pub async fn seeing<T, E, F>(
    db: &Db,
    rights: &RightsCopy,
    caller: &Caller,
    body: F,
) -> Result<T, Refusal>
where
    T: Send + 'static,
    E: From<pg::Error> + From<Refusal> + Into<Refusal> + Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx, By) -> TxFuture<'t, T, E> + Send + 'static,
{
    let scope = caller.scope()?;
    rights.prepare(db, caller).await.map_err(refusal)?;
    let (rights, caller) = (rights.clone(), caller.clone());
    db.tx(scope, move |tx| {
        Box::pin(async move {
            let known = rights.viewer(tx, &caller).await.map_err(refusal)?;
            let viewer = Viewer::from(known);
            body(tx, By { scope, viewer }).await
        })
    })
    .await
    .map_err(|error: E| error.into())
}

impl From<rights::Viewer> for Viewer {
    fn from(known: rights::Viewer) -> Self {
        Self {
            rights: known.rights,
            account: known.account,
        }
    }
}

/// Why it cannot be said what the caller may.
pub fn refusal(error: rights::Error) -> Refusal {
    /// When identity's word should have arrived.
    const SOON: Duration = Duration::from_secs(1);
    match error {
        rights::Error::Unknown => Refusal::service_unreachable(SOON),
        rights::Error::Refused(refusal) => refusal,
        rights::Error::Store(error) => error.into(),
    }
}

/// Whose favourites and filters a caller has, and whose calls may be repeated: the user's, or the program's own.
#[must_use]
pub fn caller_id(caller: &Caller) -> Uuid {
    match caller.principal() {
        Principal::Employee { user, .. } => user.uuid(),
        Principal::Program { key, .. } => key.uuid(),
        Principal::Service { .. } => Uuid::nil(),
    }
}

/// The caller as the author of a message. What a program sends is an answer like an employee's.
///
/// # Errors
/// PERMISSION_MISSING for a service.
pub fn author(caller: &Caller) -> Result<Author, Refusal> {
    match caller.principal() {
        Principal::Employee { user, name, .. } => Ok(Author {
            kind: AuthorKind::Employee,
            name: name.to_string(),
            user: Some(*user),
        }),
        Principal::Program { .. } => Ok(Author {
            kind: AuthorKind::Employee,
            name: String::new(),
            user: None,
        }),
        Principal::Service { .. } => Err(Refusal::permission_missing("account")),
    }
}
