//! Sessions by their token.

use std::sync::Arc;

use kit::Refusal;
use pg::{Db, SystemScope};
use quick_cache::sync::Cache;
use types::{AccountId, Clock};

use crate::domain::session::{Digest, FILE_TICKET, SESSION, Session};
use crate::store::visitors;

/// Sessions remembered at once: at some 500 bytes each, ten megabytes when all are in use.
const REMEMBERED: usize = 20_000;

/// Sessions of visitors. Whose they are and how long never changes, so that much of what is remembered stays right until its time is over;
/// name and page go when the client's data are erased. Clones share what they know.
#[derive(Clone)]
pub struct Sessions {
    db: Db,
    clock: Clock,
    known: Arc<Cache<Digest, Arc<Session>>>,
}

impl Sessions {
    /// Read from `db`.
    #[must_use]
    pub fn new(db: Db, clock: Clock) -> Self {
        let known = Arc::new(Cache::new(REMEMBERED));
        Self { db, clock, known }
    }

    /// The session of a token.
    ///
    /// # Errors
    /// TOKEN_INVALID, TOKEN_EXPIRED, or when the database fails.
    pub async fn open(&self, token: &str) -> Result<Arc<Session>, Refusal> {
        let read = SESSION.read(token).ok_or_else(Refusal::token_invalid)?;
        self.find(read).await
    }

    /// The session of a token or file ticket.
    ///
    /// # Errors
    /// As [`Sessions::open`].
    pub async fn open_files(&self, token: &str) -> Result<Arc<Session>, Refusal> {
        let read = SESSION.read(token).or_else(|| FILE_TICKET.read(token));
        self.find(read.ok_or_else(Refusal::token_invalid)?).await
    }

    /// The session of a token with name and page as they are now, for who tells them on.
    ///
    /// # Errors
    /// As [`Sessions::open`].
    pub async fn open_now(&self, token: &str) -> Result<Arc<Session>, Refusal> {
        let (account, digest) = SESSION.read(token).ok_or_else(Refusal::token_invalid)?;
        let session = self.read(account, digest).await?;
        self.in_time(session)
    }

    async fn find(&self, (account, digest): (AccountId, Digest)) -> Result<Arc<Session>, Refusal> {
        let session = match self.known.get(&digest) {
            Some(session) => session,
            None => self.read(account, digest).await?,
        };
        self.in_time(session)
    }

    async fn read(&self, account: AccountId, digest: Digest) -> Result<Arc<Session>, Refusal> {
        let found = self.db.tx(
            SystemScope::for_job("open a visitor's session"),
            move |tx| Box::pin(async move { visitors::find_session(tx, account, &digest).await }),
        );
        let session = Arc::new(found.await?.ok_or_else(Refusal::token_invalid)?);
        self.known.insert(digest, Arc::clone(&session));
        Ok(session)
    }

    fn in_time(&self, session: Arc<Session>) -> Result<Arc<Session>, Refusal> {
        if self.clock.now() < session.expire_time {
            Ok(session)
        } else {
            Err(Refusal::token_expired())
        }
    }
}
