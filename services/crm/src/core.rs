//! What the operations share: the database, the time, who calls, and what wakes the relay after a change.

use std::sync::Arc;

use access::Rights;
use auth::{AccountScope, Caller, Principal};
use events::Waker;
use pg::{Db, Tx, TxFuture};
use rights::RightsCopy;
use time::OffsetDateTime;
use types::{AccountId, Clock};

use crate::Error;
use crate::domain::timeline::Author;
use crate::domain::viewer::Viewer;

/// What the operations share.
pub struct Core {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Who may what.
    pub rights: RightsCopy,
    /// Tells the relay of events.
    pub waker: Waker,
}

/// Where, by whom and when something is read or changed.
#[derive(Debug, Clone)]
pub struct By {
    /// In which account.
    pub account: AccountId,
    /// Who, with the rights that hold in this very transaction.
    pub viewer: Viewer,
    /// When.
    pub now: OffsetDateTime,
}

impl Core {
    /// Reads in a transaction in which the caller's rights are known.
    ///
    /// # Errors
    /// What `body` returns, or when the rights cannot be known.
    pub async fn read<T, F>(&self, caller: &Caller, body: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx, By) -> TxFuture<'t, T, Error> + Send + 'static,
    {
        let scope = caller.scope()?;
        self.rights.prepare(&self.db, caller).await?;
        let (copy, caller, now) = (self.rights.clone(), caller.clone(), self.clock.now());
        self.db
            .tx(scope, move |tx| {
                Box::pin(async move {
                    let known = copy.viewer(tx, &caller).await?;
                    let viewer = Viewer {
                        author: author(&caller),
                        rights: known.rights,
                        account: known.account,
                    };
                    let account = scope.account();
                    body(
                        tx,
                        By {
                            account,
                            viewer,
                            now,
                        },
                    )
                    .await
                })
            })
            .await
    }

    /// Reads, or changes, for one of our services, which may everything; the timeline names `author`.
    ///
    /// # Errors
    /// What `body` returns, or when the account's employees cannot be known.
    pub async fn serve<T, F>(
        &self,
        scope: AccountScope,
        author: Author,
        body: F,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx, By) -> TxFuture<'t, T, Error> + Send + 'static,
    {
        self.rights.prepare_account(&self.db, scope).await?;
        let (copy, now) = (self.rights.clone(), self.clock.now());
        self.db
            .tx(scope, move |tx| {
                Box::pin(async move {
                    let account = scope.account();
                    let viewer = Viewer {
                        author,
                        rights: Arc::new(Rights::everything()),
                        account: copy.account(tx, account).await?,
                    };
                    let by = By {
                        account,
                        viewer,
                        now,
                    };
                    body(tx, by).await
                })
            })
            .await
    }

    /// The same for a change: the relay is told of it.
    ///
    /// # Errors
    /// As [`Core::read`].
    pub async fn change<T, F>(&self, caller: &Caller, body: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx, By) -> TxFuture<'t, T, Error> + Send + 'static,
    {
        let done = self.read(caller, body).await?;
        self.waker.wake();
        Ok(done)
    }
}

/// The caller as the timeline names them.
fn author(caller: &Caller) -> Author {
    let (id, name) = match caller.principal() {
        Principal::Employee { user, name, .. } => (user.to_string(), name.clone()),
        Principal::Program { key, .. } => (key.to_string(), String::new()),
        Principal::Service { name } => (name.clone(), String::new()),
    };
    Author { id, name }
}
