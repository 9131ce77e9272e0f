//! What a request wants to set, read strictly.

use std::collections::BTreeSet;

use access::{Action, Entity, FieldRight, Rules, StageRight, Subject};
use api::identity::v1 as proto;
use api::identity::v1::rights_subject::Subject as Wire;
use kit::validate::Fields;
use types::{FieldId, StageId};

use super::words;
use crate::Role;

/// How many rules on stages, and how many on fields, one subject can have.
pub const MAX_RULES: usize = 500;

/// For whom something is to be read or set. `field` is where it stands in the request.
pub fn subject(
    fields: &mut Fields,
    field: &str,
    subject: Option<&proto::RightsSubject>,
) -> Option<Subject> {
    match subject.and_then(|subject| subject.subject.as_ref()) {
        Some(Wire::Role(role)) => {
            of_role(fields, &format!("{field}.role"), *role).map(Subject::Role)
        }
        Some(Wire::GroupId(group)) => fields
            .id(&format!("{field}.group_id"), group)
            .map(Subject::Group),
        Some(Wire::UserId(user)) => fields
            .id(&format!("{field}.user_id"), user)
            .map(Subject::User),
        None => {
            fields.reject(field, "must name a role, a group or a user");
            None
        }
    }
}

fn of_role(fields: &mut Fields, field: &str, role: i32) -> Option<Role> {
    match fields.known(field, role)? {
        proto::Role::Manager => Some(Role::Manager),
        proto::Role::Administrator => {
            fields.reject(
                field,
                "administrators may everything; nothing can be set for them",
            );
            None
        }
        proto::Role::Unspecified => {
            fields.reject(field, "must be given");
            None
        }
    }
}

/// What is to be set, without what the request sets to "not set". `field` is where it stands in the request.
pub fn rules(fields: &mut Fields, field: &str, rights: &proto::Rights) -> Rules {
    let mut rules = Rules {
        mail: rights.mail,
        lists: rights.lists,
        ..Rules::default()
    };
    read_cells(fields, &format!("{field}.cells"), rights, &mut rules);
    read_stages(fields, &format!("{field}.stages"), rights, &mut rules);
    read_fields(fields, &format!("{field}.fields"), rights, &mut rules);
    rules
}

fn read_cells(fields: &mut Fields, field: &str, rights: &proto::Rights, rules: &mut Rules) {
    let mut seen = BTreeSet::new();
    if fits(fields, field, rights.cells.len(), 25) {
        for (place, cell) in rights.cells.iter().enumerate() {
            let field = format!("{field}[{place}]");
            let entity = entity(fields, &field, cell.entity);
            let action = action(fields, &field, cell.action);
            let level = fields.known(&format!("{field}.level"), cell.level);
            let (Some(entity), Some(action), Some(level)) = (entity, action, level) else {
                continue;
            };
            if once(fields, &field, seen.insert((entity, action))) {
                rules.cells.set(entity, action, words::level(level));
            }
        }
    }
}

fn read_stages(fields: &mut Fields, field: &str, rights: &proto::Rights, rules: &mut Rules) {
    let mut seen = BTreeSet::new();
    if fits(fields, field, rights.stages.len(), MAX_RULES) {
        for (place, rule) in rights.stages.iter().enumerate() {
            let field = format!("{field}[{place}]");
            let stage = fields.id::<StageId>(&format!("{field}.stage_id"), &rule.stage_id);
            let action = action(fields, &field, rule.action);
            let right = fields.known(&format!("{field}.right"), rule.right);
            let (Some(stage), Some(action), Some(right)) = (stage, action, right) else {
                continue;
            };
            let right = words::stage_right(right);
            let new = once(fields, &field, seen.insert((stage, action)));
            if new && right != StageRight::NotSet {
                rules.stages.insert((stage, action), right);
            }
        }
    }
}

fn read_fields(fields: &mut Fields, field: &str, rights: &proto::Rights, rules: &mut Rules) {
    let mut seen = BTreeSet::new();
    if fits(fields, field, rights.fields.len(), MAX_RULES) {
        for (place, rule) in rights.fields.iter().enumerate() {
            let field = format!("{field}[{place}]");
            let entity = card_entity(fields, &field, rule.entity);
            let key = field_key(fields, &format!("{field}.field"), &rule.field);
            let right = fields.known(&format!("{field}.right"), rule.right);
            let (Some(entity), Some(key), Some(right)) = (entity, key, right) else {
                continue;
            };
            let right = words::field_right(right);
            let new = once(fields, &field, seen.insert((entity, key.clone())));
            if new && right != FieldRight::NotSet {
                rules.fields.insert((entity, key), right);
            }
        }
    }
}

/// Notes a list that is too long; its items are then not looked at.
fn fits(fields: &mut Fields, field: &str, count: usize, most: usize) -> bool {
    if count > most {
        fields.reject(
            field,
            format!("must have at most {most} items, has {count}"),
        );
    }
    count <= most
}

fn once(fields: &mut Fields, field: &str, new: bool) -> bool {
    if !new {
        fields.reject(field, "is set twice; name each place once");
    }
    new
}

fn entity(fields: &mut Fields, field: &str, value: i32) -> Option<Entity> {
    let field = format!("{field}.entity");
    let entity = words::entity(fields.known(&field, value)?);
    if entity.is_none() {
        fields.reject(&field, "must be given");
    }
    entity
}

fn action(fields: &mut Fields, field: &str, value: i32) -> Option<Action> {
    let field = format!("{field}.action");
    let action = words::action(fields.known(&field, value)?);
    if action.is_none() {
        fields.reject(&field, "must be given");
    }
    action
}

fn card_entity(fields: &mut Fields, field: &str, value: i32) -> Option<Entity> {
    let entity = entity(fields, field, value)?;
    match entity {
        Entity::Deals | Entity::Contacts | Entity::Companies => Some(entity),
        Entity::Tasks | Entity::Unsorted => {
            let field = format!("{field}.entity");
            fields.reject(&field, "must be DEALS, CONTACTS or COMPANIES");
            None
        }
    }
}

/// Which field a rule is on, as [`Rules`] has it; `None` for a rule that [`rules`] refuses.
#[must_use]
pub fn field(rule: &proto::FieldRule) -> Option<(Entity, String)> {
    let mut fields = Fields::new();
    let entity = card_entity(&mut fields, "", rule.entity)?;
    field_key(&mut fields, "", &rule.field).map(|key| (entity, key))
}

/// The name of a standard field or the id of a custom one.
fn field_key(fields: &mut Fields, field: &str, value: &str) -> Option<String> {
    if value.starts_with("fld_") {
        return fields
            .id::<FieldId>(field, value)
            .map(|field| field.to_string());
    }
    let letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    if !(1..=64).contains(&value.len()) || !value.bytes().all(letter) {
        fields.reject(
            field,
            "must be a field's name of 1 to 64 of a to z, 0 to 9 and \"_\", or its id \"fld_…\"",
        );
        return None;
    }
    Some(value.to_owned())
}
