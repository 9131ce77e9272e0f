//! From what is set to one user's rights.

use std::collections::BTreeMap;

use types::{GroupId, Role, StageId, UserId};

use crate::rights::{FieldTable, Flags, StageTable};
use crate::{
    Cells, FieldRight, Level, Rights, RuleSet, Rules, Source, StageRight, StageRights, Subject,
};

impl RuleSet {
    /// The effective rights of a user.
    ///
    /// Cell by cell, stage by stage and field by field, what is set for the user wins over what is set for their group, and
    /// that over what is set for their role; more or less does not matter, only nearer or farther. What is set nowhere is
    /// forbidden; a field that is set nowhere follows the right on its card. Administrators may everything, whatever is set.
    #[must_use]
    pub fn compile(&self, user: UserId, group: Option<GroupId>, role: Role) -> Rights {
        if role == Role::Administrator {
            return Rights::everything_as(user, group);
        }
        // From the farthest to the nearest: each overwrites what it sets.
        let mut rights = Rights::nothing(user, group, self.options);
        let mut stages = BTreeMap::new();
        for (subject, source) in [
            (Some(Subject::Role(role)), Source::Role),
            (group.map(Subject::Group), Source::Group),
            (Some(Subject::User(user)), Source::User),
        ] {
            if let Some(rules) = subject.and_then(|subject| self.subjects.get(&subject)) {
                overlay_cells(&mut rights.levels, rules, source);
                overlay_stages(&mut stages, rules, source);
                overlay_fields(&mut rights.fields, rules, source);
                overlay_flags(&mut rights.flags, rules, source);
            }
        }
        rights.stages = StageTable::new(&stages);
        rights
    }
}

fn overlay_cells(cells: &mut Cells<(Level, Source)>, rules: &Rules, source: Source) {
    for (entity, action, level) in rules.cells.iter() {
        if let Some(level) = level {
            cells.set(entity, action, (level, source));
        }
    }
}

fn overlay_stages(stages: &mut BTreeMap<StageId, StageRights>, rules: &Rules, source: Source) {
    for ((stage, action), right) in &rules.stages {
        if *right != StageRight::NotSet {
            stages
                .entry(*stage)
                .or_default()
                .set(*action, *right, source);
        }
    }
}

fn overlay_fields(fields: &mut FieldTable, rules: &Rules, source: Source) {
    for ((entity, key), right) in &rules.fields {
        if *right != FieldRight::NotSet {
            fields.set(*entity, key.clone(), *right, source);
        }
    }
}

fn overlay_flags(flags: &mut Flags, rules: &Rules, source: Source) {
    if let Some(mail) = rules.mail {
        flags.mail = (mail, source);
    }
    if let Some(lists) = rules.lists {
        flags.lists = (lists, source);
    }
}
