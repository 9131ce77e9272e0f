//! An account's members and rights, as identity sends them to the other services.

use std::collections::BTreeMap;

use access::{
    AccountRights, FieldRight, Level, Member, Options, RuleSet, Rules, StageRight, Subject,
};
use api::identity::internal::v1 as internal;
use api::identity::v1 as proto;
use api::identity::v1::rights_subject::Subject as Wire;
use types::{AccountId, GroupId, Language, UserId};
use uuid::Uuid;

use super::{answer, words};
use crate::Role;

/// A snapshot that no version of identity wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a snapshot of rights without a valid {0}")]
pub struct InvalidSnapshot(&'static str);

/// The snapshot of an account.
#[must_use]
pub fn write_account(account: AccountId, state: &AccountRights) -> internal::AccountRights {
    let members = state
        .members
        .iter()
        .map(|(user, member)| internal::AccountMember {
            user_id: bytes(user.uuid()),
            name: member.name.clone(),
            role: words::role_to_proto(member.role).into(),
            group_id: member
                .group
                .map(|group| bytes(group.uuid()))
                .unwrap_or_default(),
            language: member.language.tag().to_owned(),
            active: member.active,
        });
    let groups = state
        .groups
        .iter()
        .map(|(group, name)| internal::AccountGroup {
            group_id: bytes(group.uuid()),
            name: name.clone(),
        });
    let rules = state.rules.subjects.iter();
    let options = state.rules.options;
    internal::AccountRights {
        account_id: bytes(account.uuid()),
        epoch: state.epoch,
        members: members.collect(),
        groups: groups.collect(),
        rights: rules
            .map(|(subject, rules)| answer::rights(*subject, rules, String::new()))
            .collect(),
        options: Some(proto::RightsOptions {
            subscription_beats_forbidden_stage: options.subscription_beats_forbidden_stage,
            etag: String::new(),
        }),
    }
}

/// The account of a snapshot and its state. A role, level or right that this version does not know is read as the least, a
/// subject, entity or action that it does not know is left out: it never asks for it.
///
/// # Errors
/// When an id is none.
pub fn read_account(
    snapshot: &internal::AccountRights,
) -> Result<(AccountId, AccountRights), InvalidSnapshot> {
    let account = uuid(&snapshot.account_id, "account_id")?.into();
    let mut members = BTreeMap::new();
    for member in &snapshot.members {
        members.insert(
            uuid(&member.user_id, "user_id")?.into(),
            read_member(member)?,
        );
    }
    let mut groups = BTreeMap::new();
    for group in &snapshot.groups {
        groups.insert(
            uuid(&group.group_id, "group_id")?.into(),
            group.name.clone(),
        );
    }
    let mut subjects = BTreeMap::new();
    for rights in &snapshot.rights {
        if let Some(subject) = read_subject(rights)? {
            subjects.insert(subject, read_rules(rights)?);
        }
    }
    let beats = |options: &proto::RightsOptions| options.subscription_beats_forbidden_stage;
    let options = Options {
        subscription_beats_forbidden_stage: snapshot.options.as_ref().is_some_and(beats),
    };
    let state = AccountRights {
        epoch: snapshot.epoch,
        groups,
        members,
        rules: RuleSet { subjects, options },
    };
    Ok((account, state))
}

fn read_member(member: &internal::AccountMember) -> Result<Member, InvalidSnapshot> {
    let group = match member.group_id.is_empty() {
        true => None,
        false => Some(GroupId::from(uuid(&member.group_id, "group_id")?)),
    };
    Ok(Member {
        name: member.name.clone(),
        group,
        role: match member.role() {
            proto::Role::Administrator => Role::Administrator,
            proto::Role::Manager | proto::Role::Unspecified => Role::Manager,
        },
        active: member.active,
        language: Language::from_tag(&member.language),
    })
}

fn read_subject(rights: &proto::Rights) -> Result<Option<Subject>, InvalidSnapshot> {
    let subject = rights.subject.as_ref().and_then(|it| it.subject.as_ref());
    Ok(match subject {
        None => None,
        Some(Wire::Role(role)) => match proto::Role::try_from(*role) {
            Ok(proto::Role::Manager) => Some(Subject::Role(Role::Manager)),
            Ok(proto::Role::Administrator | proto::Role::Unspecified) | Err(_) => None,
        },
        Some(Wire::GroupId(group)) => {
            let group = group.parse().map_err(|_| InvalidSnapshot("group_id"))?;
            Some(Subject::Group(group))
        }
        Some(Wire::UserId(user)) => {
            let user: UserId = user.parse().map_err(|_| InvalidSnapshot("user_id"))?;
            Some(Subject::User(user))
        }
    })
}

fn read_rules(rights: &proto::Rights) -> Result<Rules, InvalidSnapshot> {
    let mut rules = Rules {
        mail: rights.mail,
        lists: rights.lists,
        ..Rules::default()
    };
    for cell in &rights.cells {
        let place = (words::entity(cell.entity()), words::action(cell.action()));
        if let (Some(entity), Some(action)) = place {
            let level = match proto::RightLevel::try_from(cell.level) {
                Ok(level) => words::level(level),
                Err(_) => Some(Level::Forbidden),
            };
            rules.cells.set(entity, action, level);
        }
    }
    for rule in &rights.stages {
        if let Some(action) = words::action(rule.action()) {
            let stage = rule
                .stage_id
                .parse()
                .map_err(|_| InvalidSnapshot("stage_id"))?;
            let right = proto::StageRight::try_from(rule.right);
            let right = right.map_or(StageRight::Forbidden, words::stage_right);
            rules.stages.insert((stage, action), right);
        }
    }
    for rule in &rights.fields {
        if let Some(entity) = words::entity(rule.entity()) {
            let right = proto::FieldRight::try_from(rule.right);
            let right = right.map_or(FieldRight::Hidden, words::field_right);
            rules.fields.insert((entity, rule.field.clone()), right);
        }
    }
    Ok(rules)
}

fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

fn uuid(bytes: &[u8], name: &'static str) -> Result<Uuid, InvalidSnapshot> {
    Uuid::from_slice(bytes).map_err(|_| InvalidSnapshot(name))
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
