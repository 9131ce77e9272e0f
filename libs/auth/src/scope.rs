//! The keys to data: which account, which connector.

use std::sync::Arc;

use types::AccountId;

/// The right to touch one account's data.
///
/// Only this crate makes one, from a verified token. Store functions on an account's data take it, and the database's
/// row-level security is set from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountScope {
    account: AccountId,
}

impl AccountScope {
    pub(crate) fn new(account: AccountId) -> Self {
        Self { account }
    }

    /// The account.
    #[must_use]
    pub fn account(self) -> AccountId {
        self.account
    }
}

/// The right to speak as a connector: for every account (a connector of the installation) or for one (a program's key).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorScope {
    key: Arc<str>,
    account: Option<AccountId>,
}

impl ConnectorScope {
    pub(crate) fn new(key: &str, account: Option<AccountId>) -> Self {
        Self {
            key: key.into(),
            account,
        }
    }

    /// The connector's key, for example "onlinechat".
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The one account the connector works for; `None` for a connector of the installation, which works for all.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        self.account
    }

    /// The right to touch the data of `account`, if the connector works for it.
    #[must_use]
    pub fn enter(&self, account: AccountId) -> Option<AccountScope> {
        match self.account {
            Some(own) if own != account => None,
            Some(_) | None => Some(AccountScope::new(account)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connector_of_one_account_cannot_enter_another() {
        let (own, other) = (AccountId::generate(), AccountId::generate());
        let scope = ConnectorScope::new("telegram", Some(own));
        assert_eq!(scope.enter(own).map(AccountScope::account), Some(own));
        assert_eq!(scope.enter(other), None);
    }
}
