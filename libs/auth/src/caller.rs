//! The caller of one request.

use std::fmt;
use std::sync::Arc;

use kit::Refusal;
use time::OffsetDateTime;
use types::{AccountId, Language, UserId};
use uuid::Uuid;

use crate::ended::Ended;
use crate::{AccountScope, ConnectorScope, Permission, Principal, Role};

/// Prefix of the names of connectors of the installation: the service "connector-onlinechat" has the key "onlinechat".
const CONNECTOR_SERVICE: &str = "connector-";
/// Prefix of the scope that makes a program a connector.
const CONNECTOR_SCOPE: &str = "connector:";

/// Who calls, from a verified token. [`crate::AuthLayer`] puts it into the request's extensions; a clone is two counts.
#[derive(Clone)]
pub struct Caller {
    verified: Arc<Verified>,
    ended: Arc<Ended>,
}

/// What a verified token says.
pub(crate) struct Verified {
    pub(crate) principal: Principal,
    pub(crate) language: Language,
    pub(crate) version: Option<Uuid>,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) expires: OffsetDateTime,
    pub(crate) token: Arc<str>,
}

impl Caller {
    pub(crate) fn new(verified: Verified, ended: Arc<Ended>) -> Self {
        Self {
            verified: Arc::new(verified),
            ended,
        }
    }

    /// The caller of a request.
    ///
    /// # Errors
    /// TOKEN_MISSING on a path that [`crate::AuthLayer`] leaves open, when no token came with the call.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, Refusal> {
        request
            .extensions()
            .get::<Self>()
            .cloned()
            .ok_or_else(Refusal::token_missing)
    }

    /// Who it is.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.verified.principal
    }

    /// In which language they read: their own setting, else the account's.
    #[must_use]
    pub fn language(&self) -> Language {
        self.verified.language
    }

    /// The token itself, to call another service on the caller's behalf. Never log it.
    #[must_use]
    pub fn bearer(&self) -> &str {
        &self.verified.token
    }

    /// When the token runs out: a stream must not outlive it unnoticed.
    #[must_use]
    pub fn expires(&self) -> OffsetDateTime {
        self.verified.expires
    }

    /// Refuses when the session or key has ended, or what the token says is out of date, since the token was checked. A long
    /// stream asks before what it sends.
    ///
    /// # Errors
    /// SESSION_ENDED; TOKEN_EXPIRED when a fresh token would say something else, such as another role.
    pub fn check_session(&self) -> Result<(), Refusal> {
        let ended = |subject: Option<Uuid>| subject.is_some_and(|id| self.ended.contains(id));
        if ended(self.verified.principal.revocable()) {
            return Err(Refusal::session_ended());
        }
        if ended(self.verified.version) {
            return Err(Refusal::token_expired());
        }
        Ok(())
    }

    /// Waits until [`Caller::check_session`] refuses: for streams that have nothing to send.
    pub async fn session_ended(&self) {
        // Listen first, then look: nothing falls in between.
        let mut news = self.ended.news();
        while self.check_session().is_ok() {
            if news.changed().await.is_err() {
                // Nobody hears of sessions any more: the process stops.
                std::future::pending::<()>().await;
            }
        }
    }

    pub(crate) fn verified(&self) -> &Verified {
        &self.verified
    }

    /// The right to touch the data of the caller's account.
    ///
    /// # Errors
    /// PERMISSION_MISSING for a service: it belongs to no account.
    pub fn scope(&self) -> Result<AccountScope, Refusal> {
        self.verified
            .principal
            .account()
            .map(AccountScope::new)
            .ok_or_else(|| Refusal::permission_missing("account"))
    }

    /// The right of one of our services to touch the data of an account that it names: for internal APIs only.
    ///
    /// # Errors
    /// PERMISSION_MISSING for everybody else.
    pub fn service_scope(&self, account: AccountId) -> Result<AccountScope, Refusal> {
        self.require_service().map(|()| AccountScope::new(account))
    }

    /// Refuses callers without a permission.
    ///
    /// # Errors
    /// PERMISSION_MISSING for an employee or service, SCOPE_MISSING for a program.
    pub fn require(&self, permission: Permission) -> Result<(), Refusal> {
        if permission.is_given_to(&self.verified.principal) {
            return Ok(());
        }
        Err(match &self.verified.principal {
            Principal::Program { .. } => Refusal::scope_missing(permission.scopes()[0]),
            Principal::Employee { .. } | Principal::Service { .. } => {
                Refusal::permission_missing(permission.name())
            }
        })
    }

    /// Refuses everybody but administrators and programs that may change settings.
    ///
    /// # Errors
    /// PERMISSION_MISSING or SCOPE_MISSING.
    pub fn require_administrator(&self) -> Result<(), Refusal> {
        self.require(Permission::SettingsWrite)
    }

    /// The employee who calls; `None` for programs and services.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self.verified.principal {
            Principal::Employee { user, .. } => Some(user),
            Principal::Program { .. } | Principal::Service { .. } => None,
        }
    }

    /// Whom a question about rights is about: the employee that `field` of the request names, else the caller.
    ///
    /// # Errors
    /// FIELD_INVALID when neither is somebody; PERMISSION_MISSING or SCOPE_MISSING when it is about somebody else and the caller has
    /// not [`Permission::RightsRead`].
    pub fn about(&self, field: &str, named: Option<UserId>) -> Result<UserId, Refusal> {
        let own = self.user();
        let about = named
            .or(own)
            .ok_or_else(|| Refusal::field(field, "must name an employee"))?;
        if Some(about) != own {
            self.require(Permission::RightsRead)?;
        }
        Ok(about)
    }

    /// Is it an administrator in person?
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        matches!(
            self.verified.principal,
            Principal::Employee {
                role: Role::Administrator,
                ..
            }
        )
    }

    /// Refuses everybody but our own services.
    ///
    /// # Errors
    /// PERMISSION_MISSING.
    pub fn require_service(&self) -> Result<(), Refusal> {
        match self.verified.principal {
            Principal::Service { .. } => Ok(()),
            Principal::Employee { .. } | Principal::Program { .. } => {
                Err(Refusal::permission_missing("service"))
            }
        }
    }

    /// The right to speak as the connector `key`.
    ///
    /// # Errors
    /// SCOPE_MISSING for whoever is neither the service `connector-<key>` nor a program with the scope `connector:<key>`.
    pub fn connector(&self, key: &str) -> Result<ConnectorScope, Refusal> {
        let account = match &self.verified.principal {
            Principal::Service { name } if name.strip_prefix(CONNECTOR_SERVICE) == Some(key) => {
                None
            }
            Principal::Program {
                account, scopes, ..
            } if scopes
                .iter()
                .any(|scope| scope.strip_prefix(CONNECTOR_SCOPE) == Some(key)) =>
            {
                Some(*account)
            }
            Principal::Employee { .. } | Principal::Program { .. } | Principal::Service { .. } => {
                return Err(Refusal::scope_missing(format_args!(
                    "{CONNECTOR_SCOPE}{key}"
                )));
            }
        };
        Ok(ConnectorScope::new(key, account))
    }
}

impl fmt::Debug for Caller {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Caller")
            .field(&self.verified.principal)
            .finish()
    }
}
