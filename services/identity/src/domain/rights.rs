//! What is set for a subject, and what a change of it changed.

use access::{Action, Entity, FieldRight, Level, Rules, StageRight, Subject};
use types::Role;

use super::audit::Changes;
use super::user::role_name;

/// How many rules on stages and fields an account can have. All of them go to every service with each change, so there is
/// an end.
pub const MAX_ACCOUNT_RULES: usize = 10_000;

/// What is set for a subject, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored {
    /// What is set.
    pub rules: Rules,
    /// Grows with every change; 0 where nothing was ever set.
    pub version: i64,
}

/// The account's settings, as they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoredOptions {
    /// The settings.
    pub options: access::Options,
    /// Grows with every change; 0 where nothing was ever set.
    pub version: i64,
}

/// A subject for the audit log: a role, "grp_…" or "user_…".
#[must_use]
pub fn subject_name(subject: Subject) -> String {
    match subject {
        Subject::Role(role @ (Role::Administrator | Role::Manager)) => {
            format!("role_{}", role_name(role))
        }
        Subject::Group(group) => group.to_string(),
        Subject::User(user) => user.to_string(),
    }
}

/// What differs, each cell, stage and field before and after.
#[must_use]
pub fn changes(before: &Rules, after: &Rules) -> Changes {
    let mut changes = Changes::new();
    for entity in Entity::ALL {
        for action in Action::ALL {
            let level = |rules: &Rules| rules.cells.get(entity, action).map(Level::name);
            let cell = format!("{}.{}", entity.name(), action.name());
            changes.note(&cell, &level(before), &level(after));
        }
    }
    for (stage, action) in before.stages.keys().chain(after.stages.keys()) {
        let right = |rules: &Rules| rules.stages.get(&(*stage, *action)).copied();
        let place = format!("{stage}.{}", action.name());
        let name = |rules: &Rules| right(rules).map(StageRight::name);
        changes.note(&place, &name(before), &name(after));
    }
    for key in before.fields.keys().chain(after.fields.keys()) {
        let name = |rules: &Rules| rules.fields.get(key).copied().map(FieldRight::name);
        let place = format!("{}.{}", key.0.name(), key.1);
        changes.note(&place, &name(before), &name(after));
    }
    changes.note("mail", &before.mail, &after.mail);
    changes.note("lists", &before.lists, &after.lists);
    changes
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use types::StageId;

    use super::*;

    #[test]
    fn a_change_names_each_place_before_and_after() {
        let stage = StageId::generate();
        let mut before = Rules::default();
        before
            .cells
            .set(Entity::Deals, Action::View, Some(Level::Own));
        before
            .stages
            .insert((stage, Action::View), StageRight::Allowed);
        let mut after = Rules {
            mail: Some(true),
            ..Rules::default()
        };
        after
            .cells
            .set(Entity::Deals, Action::View, Some(Level::Allowed));
        after
            .fields
            .insert((Entity::Deals, "price".to_owned()), FieldRight::Hidden);
        let told = changes(&before, &after).into_json();
        let expected = json!({
            "deals.view": { "before": "own", "after": "allowed" },
            (format!("{stage}.view")): { "before": "allowed", "after": null },
            "deals.price": { "before": null, "after": "hidden" },
            "mail": { "before": null, "after": true },
        });
        assert_eq!(told, expected);
        assert!(changes(&after, &after).is_empty());
    }
}
