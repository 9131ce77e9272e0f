//! Whose rows a transaction sees.

use auth::AccountScope;

/// Whose rows a transaction sees.
#[derive(Debug, Clone, Copy)]
pub enum Scope {
    /// One account's.
    Account(AccountScope),
    /// Every account's: each statement must name the account itself.
    System(SystemScope),
}

/// The right of a job to work across accounts. It is made by naming the job, so that a search for `for_job` finds all.
#[derive(Debug, Clone, Copy)]
pub struct SystemScope {
    job: &'static str,
}

impl SystemScope {
    /// For the job with this name, for example "relay".
    #[must_use]
    pub fn for_job(job: &'static str) -> Self {
        Self { job }
    }

    /// For logs.
    pub(crate) fn name(self) -> &'static str {
        self.job
    }
}

impl From<AccountScope> for Scope {
    fn from(scope: AccountScope) -> Self {
        Self::Account(scope)
    }
}

impl From<SystemScope> for Scope {
    fn from(scope: SystemScope) -> Self {
        Self::System(scope)
    }
}

impl Scope {
    /// The statement that begins a transaction of this scope, in one round trip.
    pub(crate) fn begin(self) -> String {
        match self {
            // A UUID's text needs no quoting.
            Self::Account(scope) => format!(
                "BEGIN; SET LOCAL beseda.account = '{}'",
                scope.account().uuid()
            ),
            // The system's connections see every account from their start.
            Self::System(_) => "BEGIN".to_owned(),
        }
    }

    /// For logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::System(scope) => scope.name(),
        }
    }
}
