//! What the operations share: the stores, the clock, keys, and what becomes of a session's tokens.

use auth::token::Grant;
use auth::{Caller, Principal};
use events::Waker;
use kit::secrets::MasterKey;
use pg::Db;
use prost::Message;
use time::OffsetDateTime;
use types::{AccountId, Clock, Language, SessionId};

use crate::Error;
use crate::catalogue::Catalogue;
use crate::changes::By;
use crate::domain::audit::Actor;
use crate::domain::user::User;
use crate::keyring::KeyRing;
use crate::limits::Limits;
use crate::passwords::Passwords;

/// Now, as exact as the database keeps it: what is answered first must equal what is read later.
#[must_use]
pub fn now(clock: &Clock) -> OffsetDateTime {
    let now = clock.now();
    now.replace_microsecond(now.microsecond()).unwrap_or(now)
}

/// What the operations share.
pub struct Core {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Signs tokens.
    pub keys: KeyRing,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Counts tries to log in.
    pub limits: Limits,
    /// Which stages and fields rights can name.
    pub catalogue: Catalogue,
    /// The installation's key, for the secrets of services.
    pub master: MasterKey,
    /// Tells the relay of events.
    pub waker: Waker,
}

impl Core {
    /// Now, as the database keeps it.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        now(&self.clock)
    }

    /// A change by the caller in their account, now.
    ///
    /// # Errors
    /// PERMISSION_MISSING for a service.
    pub fn by(&self, caller: &Caller) -> Result<By, Error> {
        let account = caller.scope()?.account();
        Ok(By {
            account,
            actor: Actor::of(caller),
            now: self.now(),
        })
    }

    /// What tells a request from others under one request id. It may hold a password.
    #[must_use]
    pub fn hash(&self, request: &impl Message) -> [u8; 32] {
        let bytes = request.encode_to_vec();
        self.master.digest("identity:request-hash", &bytes)
    }

    /// An access token of an employee in a session, and when it expires.
    ///
    /// # Errors
    /// A defect.
    pub fn employee_token(
        &self,
        account: AccountId,
        user: &User,
        account_language: &str,
        session: SessionId,
    ) -> Result<(String, OffsetDateTime), Error> {
        let principal = Principal::Employee {
            account,
            user: user.id,
            session,
            role: user.role,
            group: user.group,
            name: user.name.clone(),
        };
        let language = Language::from_tag(user.language.as_deref().unwrap_or(account_language));
        let version = Some(user.grant_version);
        self.keys.sign(&Grant {
            version,
            ..Grant::new(principal, language)
        })
    }
}
