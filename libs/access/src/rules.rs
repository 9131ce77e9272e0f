//! What is set, and for whom.

use std::collections::BTreeMap;

use types::{GroupId, Role, StageId, UserId};

use crate::{Action, Cells, Entity, FieldRight, Level, StageRight};

/// For whom something is set (IDN-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Everybody with a role.
    Role(Role),
    /// Everybody of a department.
    Group(GroupId),
    /// One employee.
    User(UserId),
}

/// What is set for one subject. What is left out is decided by the next subject in the order of [`RuleSet::compile`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Cells of the matrix; `None` is not set.
    pub cells: Cells<Option<Level>>,
    /// Special rights on pipeline stages, by action. A stage that no longer exists is never asked for: its entry does nothing.
    pub stages: BTreeMap<(StageId, Action), StageRight>,
    /// Rights on fields of cards, by the field's key: the name of a standard field, or the id of a custom one.
    pub fields: BTreeMap<(Entity, String), FieldRight>,
    /// Access to corporate mail (IDN-06).
    pub mail: Option<bool>,
    /// Access to custom lists (IDN-06).
    pub lists: Option<bool>,
}

impl Rules {
    /// Is nothing set?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Settings of the account that bear on rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Does a subscription to a deal's card open it even on a stage where View is forbidden? Off by default: a forbidden stage
    /// wins.
    pub subscription_beats_forbidden_stage: bool,
}

/// All that is set in an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleSet {
    /// By subject. What is set for a user or group that is gone does nothing: nobody is it, or in it.
    pub subjects: BTreeMap<Subject, Rules>,
    /// Settings of the account.
    pub options: Options,
}
