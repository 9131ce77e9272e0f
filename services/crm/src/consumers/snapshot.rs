//! Identity's snapshot of an account, as rights are computed from it.
//!
//! What this version does not know is read to the side of less: an unknown role is a manager's, an unknown level, stage or field
//! right forbids, an unknown row or column of the matrix is not asked for by anybody here.

use access::{
    AccountRights, Action, Entity, FieldRight, Level, Member, Options, RuleSet, Rules, StageRight,
    Subject,
};
use api::identity::internal::v1 as internal;
use api::identity::v1 as wire;
use prost::Message as _;
use types::{Language, Role};
use uuid::Uuid;

/// Whose snapshot it is.
///
/// # Errors
/// What is wrong with the bytes.
pub fn account(bytes: &[u8]) -> Result<Uuid, String> {
    uuid(&read(bytes)?.account_id)
}

/// The snapshot.
///
/// # Errors
/// What is wrong with the bytes.
pub fn decode(bytes: &[u8]) -> Result<AccountRights, String> {
    let snapshot = read(bytes)?;
    let mut rights = AccountRights {
        epoch: snapshot.epoch,
        ..AccountRights::default()
    };
    for it in &snapshot.members {
        rights
            .members
            .insert(uuid(&it.user_id)?.into(), member(it)?);
    }
    rights.rules = rules(&snapshot)?;
    Ok(rights)
}

fn read(bytes: &[u8]) -> Result<internal::AccountRights, String> {
    internal::AccountRights::decode(bytes)
        .map_err(|error| format!("the payload does not decode: {error}"))
}

fn uuid(bytes: &[u8]) -> Result<Uuid, String> {
    Uuid::from_slice(bytes).map_err(|error| format!("not an id: {error}"))
}

fn member(it: &internal::AccountMember) -> Result<Member, String> {
    let group = match &it.group_id[..] {
        [] => None,
        bytes => Some(uuid(bytes)?.into()),
    };
    Ok(Member {
        name: it.name.clone(),
        group,
        role: role(it.role()),
        active: it.active,
        language: Language::from_tag(&it.language),
    })
}

fn role(role: wire::Role) -> Role {
    match role {
        wire::Role::Administrator => Role::Administrator,
        wire::Role::Manager | wire::Role::Unspecified => Role::Manager,
    }
}

fn rules(snapshot: &internal::AccountRights) -> Result<RuleSet, String> {
    let options = snapshot.options.clone().unwrap_or_default();
    let mut set = RuleSet {
        options: Options {
            subscription_beats_forbidden_stage: options.subscription_beats_forbidden_stage,
        },
        ..RuleSet::default()
    };
    for rights in &snapshot.rights {
        set.subjects.insert(subject(rights)?, of_subject(rights)?);
    }
    Ok(set)
}

fn subject(rights: &wire::Rights) -> Result<Subject, String> {
    use wire::rights_subject::Subject as Said;
    let said = rights
        .subject
        .as_ref()
        .and_then(|subject| subject.subject.as_ref());
    match said.ok_or("rights of nobody")? {
        Said::Role(number) => Ok(Subject::Role(role(
            wire::Role::try_from(*number).unwrap_or_default(),
        ))),
        Said::GroupId(id) => Ok(Subject::Group(id.parse().map_err(|_| "not a group")?)),
        Said::UserId(id) => Ok(Subject::User(id.parse().map_err(|_| "not a user")?)),
    }
}

fn of_subject(rights: &wire::Rights) -> Result<Rules, String> {
    let mut rules = Rules {
        mail: rights.mail,
        lists: rights.lists,
        ..Rules::default()
    };
    for cell in &rights.cells {
        if let (Some(entity), Some(action)) = (entity(cell.entity()), action(cell.action())) {
            rules.cells.set(entity, action, level(cell.level));
        }
    }
    for rule in &rights.stages {
        let stage = rule.stage_id.parse().map_err(|_| "not a stage")?;
        if let Some(action) = action(rule.action()) {
            rules
                .stages
                .insert((stage, action), stage_right(rule.right));
        }
    }
    for rule in &rights.fields {
        if let Some(entity) = entity(rule.entity()) {
            let right = field_right(rule.right);
            rules.fields.insert((entity, rule.field.clone()), right);
        }
    }
    Ok(rules)
}

fn entity(entity: wire::RightEntity) -> Option<Entity> {
    match entity {
        wire::RightEntity::Deals => Some(Entity::Deals),
        wire::RightEntity::Contacts => Some(Entity::Contacts),
        wire::RightEntity::Companies => Some(Entity::Companies),
        wire::RightEntity::Tasks => Some(Entity::Tasks),
        wire::RightEntity::Unsorted => Some(Entity::Unsorted),
        wire::RightEntity::Unspecified => None,
    }
}

fn action(action: wire::RightAction) -> Option<Action> {
    match action {
        wire::RightAction::Create => Some(Action::Create),
        wire::RightAction::View => Some(Action::View),
        wire::RightAction::Edit => Some(Action::Edit),
        wire::RightAction::Delete => Some(Action::Delete),
        wire::RightAction::Export => Some(Action::Export),
        wire::RightAction::Unspecified => None,
    }
}

fn level(number: i32) -> Option<Level> {
    match wire::RightLevel::try_from(number) {
        Ok(wire::RightLevel::Unspecified) => None,
        Ok(wire::RightLevel::Own) => Some(Level::Own),
        Ok(wire::RightLevel::Group) => Some(Level::Group),
        Ok(wire::RightLevel::Allowed) => Some(Level::Allowed),
        Ok(wire::RightLevel::Forbidden) | Err(_) => Some(Level::Forbidden),
    }
}

fn stage_right(number: i32) -> StageRight {
    match wire::StageRight::try_from(number) {
        Ok(wire::StageRight::Unspecified) => StageRight::NotSet,
        Ok(wire::StageRight::Allowed) => StageRight::Allowed,
        Ok(wire::StageRight::Forbidden) | Err(_) => StageRight::Forbidden,
    }
}

fn field_right(number: i32) -> FieldRight {
    match wire::FieldRight::try_from(number) {
        Ok(wire::FieldRight::Unspecified) => FieldRight::NotSet,
        Ok(wire::FieldRight::ReadOnly) => FieldRight::ReadOnly,
        Ok(wire::FieldRight::Allowed) => FieldRight::Allowed,
        Ok(wire::FieldRight::Hidden) | Err(_) => FieldRight::Hidden,
    }
}
