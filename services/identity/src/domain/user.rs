//! Employees.

use auth::Role;
use time::OffsetDateTime;
use types::{GroupId, UserId};
use uuid::Uuid;

use super::audit::Changes;

/// An employee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// For log-in.
    pub email: String,
    /// Name to show.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Department.
    pub group: Option<GroupId>,
    /// BCP 47 language; `None` means the account's.
    pub language: Option<String>,
    /// Off: cannot log in.
    pub active: bool,
    /// The version of what access tokens say of them.
    pub grant_version: Uuid,
    /// Grows with every change.
    pub version: i64,
    /// When they were added.
    pub create_time: OffsetDateTime,
}

/// What to change of an employee; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChange {
    /// New name.
    pub name: Option<String>,
    /// New role.
    pub role: Option<Role>,
    /// New department, or none.
    pub group: Option<Option<GroupId>>,
    /// New language, or the account's.
    pub language: Option<Option<String>>,
    /// On or off.
    pub active: Option<bool>,
}

/// A role for the audit log.
#[must_use]
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Administrator => "administrator",
        Role::Manager => "manager",
    }
}

impl User {
    /// The employee after a change, and what it changed.
    #[must_use]
    pub fn changed(&self, change: &UserChange) -> (Self, Changes) {
        let mut after = self.clone();
        if let Some(name) = &change.name {
            after.name.clone_from(name);
        }
        if let Some(role) = change.role {
            after.role = role;
        }
        if let Some(group) = change.group {
            after.group = group;
        }
        if let Some(language) = &change.language {
            after.language.clone_from(language);
        }
        if let Some(active) = change.active {
            after.active = active;
        }
        let mut changes = Changes::new();
        changes.note("name", &self.name, &after.name);
        changes.note("role", &role_name(self.role), &role_name(after.role));
        changes.note("group_id", &self.group, &after.group);
        changes.note("language", &self.language, &after.language);
        changes.note("active", &self.active, &after.active);
        (after, changes)
    }

    /// Does this change take an active administrator away?
    #[must_use]
    pub fn stops_administering(&self, after: &Self) -> bool {
        let administers = |user: &Self| user.active && user.role == Role::Administrator;
        administers(self) && !administers(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> User {
        User {
            id: UserId::generate(),
            email: "anna@example.com".to_owned(),
            name: "Анна".to_owned(),
            role: Role::Administrator,
            group: None,
            language: None,
            active: true,
            grant_version: Uuid::nil(),
            version: 1,
            create_time: OffsetDateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn setting_what_is_already_so_changes_nothing() {
        let change = UserChange {
            name: Some("Анна".to_owned()),
            active: Some(true),
            ..UserChange::default()
        };
        let (after, changes) = user().changed(&UserChange { ..change });
        assert!(changes.is_empty());
        assert_eq!(after.name, "Анна");
    }

    #[test]
    fn an_administrator_is_lost_by_role_or_by_being_switched_off() {
        let before = user();
        let by = |change: UserChange| before.stops_administering(&before.changed(&change).0);
        assert!(by(UserChange {
            role: Some(Role::Manager),
            ..UserChange::default()
        }));
        assert!(by(UserChange {
            active: Some(false),
            ..UserChange::default()
        }));
        assert!(!by(UserChange {
            name: Some("Аня".to_owned()),
            ..UserChange::default()
        }));
    }
}
