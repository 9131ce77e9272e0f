//! Rights as they are answered.

use access::{Action, FieldRight, Level, Rules, Source, StageRight, Subject};
use api::identity::v1 as proto;
use api::identity::v1::rights_subject::Subject as Wire;
use types::{StageId, UserId};

use super::words;

/// For whom something is set.
#[must_use]
pub fn subject_to_proto(subject: Subject) -> proto::RightsSubject {
    let subject = match subject {
        Subject::Role(role) => Wire::Role(words::role_to_proto(role).into()),
        Subject::Group(group) => Wire::GroupId(group.to_string()),
        Subject::User(user) => Wire::UserId(user.to_string()),
    };
    proto::RightsSubject {
        subject: Some(subject),
    }
}

/// What is set for a subject.
#[must_use]
pub fn rights(subject: Subject, rules: &Rules, etag: String) -> proto::Rights {
    let here = proto::RightSource::Unspecified;
    let cells = rules
        .cells
        .iter()
        .filter_map(|(entity, action, level)| Some(cell(entity, action, level?, here)));
    let stages = rules.stages.iter();
    let fields = rules.fields.iter();
    proto::Rights {
        subject: Some(subject_to_proto(subject)),
        cells: cells.collect(),
        stages: stages
            .map(|((stage, action), right)| stage_rule(*stage, *action, *right, here))
            .collect(),
        fields: fields
            .map(|((entity, field), right)| field_rule(*entity, field, *right, here))
            .collect(),
        mail: rules.mail,
        lists: rules.lists,
        etag,
    }
}

/// What a user may, and where each right comes from. Stages and fields are in the order of their ids.
#[must_use]
pub fn effective(user: UserId, rights: &access::Rights) -> proto::EffectiveRights {
    let source = words::source_to_proto;
    let cells = access::Entity::ALL.into_iter().flat_map(|entity| {
        Action::ALL.map(|action| {
            let (level, from) = rights.level_from(entity, action);
            cell(entity, action, level, source(from))
        })
    });
    let fields = rights
        .fields()
        .map(|(entity, key, right, from)| field_rule(entity, key, right, source(from)));
    let ((mail, mail_from), (lists, lists_from)) = (rights.mail(), rights.lists());
    proto::EffectiveRights {
        user_id: user.to_string(),
        administrator: rights.is_everything(),
        cells: cells.collect(),
        stages: effective_stages(rights),
        fields: fields.collect(),
        mail,
        mail_source: source(mail_from).into(),
        lists,
        lists_source: source(lists_from).into(),
    }
}

fn effective_stages(rights: &access::Rights) -> Vec<proto::StageRule> {
    let mut stages: Vec<(StageId, Action, StageRight, Source)> = rights
        .stages()
        .flat_map(|(stage, of)| {
            Action::ALL.map(move |action| {
                let (right, source) = of.get(action);
                (stage, action, right, source)
            })
        })
        .filter(|(_, _, right, _)| *right != StageRight::NotSet)
        .collect();
    stages.sort_by_key(|(stage, action, ..)| (*stage, *action));
    stages
        .into_iter()
        .map(|(stage, action, right, source)| {
            stage_rule(stage, action, right, words::source_to_proto(source))
        })
        .collect()
}

fn cell(
    entity: access::Entity,
    action: Action,
    level: Level,
    source: proto::RightSource,
) -> proto::RightCell {
    proto::RightCell {
        entity: words::entity_to_proto(entity).into(),
        action: words::action_to_proto(action).into(),
        level: words::level_to_proto(level).into(),
        source: source.into(),
    }
}

fn stage_rule(
    stage: StageId,
    action: Action,
    right: StageRight,
    source: proto::RightSource,
) -> proto::StageRule {
    proto::StageRule {
        stage_id: stage.to_string(),
        action: words::action_to_proto(action).into(),
        right: words::stage_right_to_proto(right).into(),
        source: source.into(),
    }
}

fn field_rule(
    entity: access::Entity,
    field: &str,
    right: FieldRight,
    source: proto::RightSource,
) -> proto::FieldRule {
    proto::FieldRule {
        entity: words::entity_to_proto(entity).into(),
        field: field.to_owned(),
        right: words::field_right_to_proto(right).into(),
        source: source.into(),
    }
}
