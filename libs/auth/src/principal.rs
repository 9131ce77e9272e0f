//! Who calls.

use std::sync::Arc;

use types::{AccountId, ApiKeyId, GroupId, Role, SessionId, UserId};
use uuid::Uuid;

/// Who a verified token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// An employee of an account, in one of their sessions.
    Employee {
        /// Where they work.
        account: AccountId,
        /// Who.
        user: UserId,
        /// The session in which they logged in.
        session: SessionId,
        /// Their role when the token was issued.
        role: Role,
        /// Their department when the token was issued.
        group: Option<GroupId>,
        /// Their name, for what they write.
        name: String,
    },
    /// A backend program of an account, by its API key.
    Program {
        /// Whose program.
        account: AccountId,
        /// Its key.
        key: ApiKeyId,
        /// What the key allows.
        scopes: Arc<[String]>,
    },
    /// One of Beseda's own services.
    Service {
        /// Its name, for example "conversations".
        name: String,
    },
}

impl Principal {
    /// The account of an employee or program; services have none.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Employee { account, .. } | Self::Program { account, .. } => Some(*account),
            Self::Service { .. } => None,
        }
    }

    /// What can be ended before the token's time is over: the session or the key. Service tokens only run out.
    pub(crate) fn revocable(&self) -> Option<Uuid> {
        match self {
            Self::Employee { session, .. } => Some(session.uuid()),
            Self::Program { key, .. } => Some(key.uuid()),
            Self::Service { .. } => None,
        }
    }
}
