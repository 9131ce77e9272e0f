//! An account's members and rules, as every service holds them in memory.

use std::collections::BTreeMap;

use types::{GroupId, Language, Role, UserId};

use crate::{Rights, RuleSet};

/// An employee, as rights need them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Name to show.
    pub name: String,
    /// Department.
    pub group: Option<GroupId>,
    /// Role.
    pub role: Role,
    /// Off: cannot log in, and sees nothing.
    pub active: bool,
    /// In which language they read: their own, else the account's.
    pub language: Language,
}

/// All that decides who may do what in an account, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountRights {
    /// Grows by one with every change of members, groups or rules: of two states the one with the greater epoch is newer.
    pub epoch: i64,
    /// The departments, with their names.
    pub groups: BTreeMap<GroupId, String>,
    /// The employees.
    pub members: BTreeMap<UserId, Member>,
    /// What is set.
    pub rules: RuleSet,
}

impl AccountRights {
    /// The rights of an employee; `None` for whoever is unknown or switched off: they may nothing.
    #[must_use]
    pub fn rights_of(&self, user: UserId) -> Option<Rights> {
        let member = self.members.get(&user).filter(|member| member.active)?;
        Some(self.rules.compile(user, member.group, member.role))
    }

    /// The rights of somebody who is asked about; `None` for whoever is switched off.
    ///
    /// # Errors
    /// When the account has no such employee.
    pub fn member(&self, user: UserId) -> Result<Option<Rights>, UnknownUser> {
        match self.members.contains_key(&user) {
            true => Ok(self.rights_of(user)),
            false => Err(UnknownUser(user)),
        }
    }

    /// The department of an employee: that of the responsible user of a card.
    #[must_use]
    pub fn group_of(&self, user: UserId) -> Option<GroupId> {
        self.members.get(&user)?.group
    }
}

/// The account has no such employee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownUser(pub UserId);
