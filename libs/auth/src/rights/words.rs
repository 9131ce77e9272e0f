//! The words of the matrix, both ways.

use access::{Action, Entity, FieldRight, Level, Source, StageRight};
use api::identity::v1 as proto;

use crate::Role;

pub fn entity(value: proto::RightEntity) -> Option<Entity> {
    use proto::RightEntity as Wire;
    match value {
        Wire::Unspecified => None,
        Wire::Deals => Some(Entity::Deals),
        Wire::Contacts => Some(Entity::Contacts),
        Wire::Companies => Some(Entity::Companies),
        Wire::Tasks => Some(Entity::Tasks),
        Wire::Unsorted => Some(Entity::Unsorted),
    }
}

pub fn entity_to_proto(value: Entity) -> proto::RightEntity {
    use proto::RightEntity as Wire;
    match value {
        Entity::Deals => Wire::Deals,
        Entity::Contacts => Wire::Contacts,
        Entity::Companies => Wire::Companies,
        Entity::Tasks => Wire::Tasks,
        Entity::Unsorted => Wire::Unsorted,
    }
}

/// An action of the matrix; `None` for none.
#[must_use]
pub fn action(value: proto::RightAction) -> Option<Action> {
    use proto::RightAction as Wire;
    match value {
        Wire::Unspecified => None,
        Wire::Create => Some(Action::Create),
        Wire::View => Some(Action::View),
        Wire::Edit => Some(Action::Edit),
        Wire::Delete => Some(Action::Delete),
        Wire::Export => Some(Action::Export),
    }
}

pub fn action_to_proto(value: Action) -> proto::RightAction {
    use proto::RightAction as Wire;
    match value {
        Action::Create => Wire::Create,
        Action::View => Wire::View,
        Action::Edit => Wire::Edit,
        Action::Delete => Wire::Delete,
        Action::Export => Wire::Export,
    }
}

pub fn level(value: proto::RightLevel) -> Option<Level> {
    use proto::RightLevel as Wire;
    match value {
        Wire::Unspecified => None,
        Wire::Forbidden => Some(Level::Forbidden),
        Wire::Own => Some(Level::Own),
        Wire::Group => Some(Level::Group),
        Wire::Allowed => Some(Level::Allowed),
    }
}

pub fn level_to_proto(value: Level) -> proto::RightLevel {
    use proto::RightLevel as Wire;
    match value {
        Level::Forbidden => Wire::Forbidden,
        Level::Own => Wire::Own,
        Level::Group => Wire::Group,
        Level::Allowed => Wire::Allowed,
    }
}

pub fn stage_right(value: proto::StageRight) -> StageRight {
    use proto::StageRight as Wire;
    match value {
        Wire::Unspecified => StageRight::NotSet,
        Wire::Allowed => StageRight::Allowed,
        Wire::Forbidden => StageRight::Forbidden,
    }
}

pub fn stage_right_to_proto(value: StageRight) -> proto::StageRight {
    use proto::StageRight as Wire;
    match value {
        StageRight::NotSet => Wire::Unspecified,
        StageRight::Allowed => Wire::Allowed,
        StageRight::Forbidden => Wire::Forbidden,
    }
}

pub fn field_right(value: proto::FieldRight) -> FieldRight {
    use proto::FieldRight as Wire;
    match value {
        Wire::Unspecified => FieldRight::NotSet,
        Wire::Hidden => FieldRight::Hidden,
        Wire::ReadOnly => FieldRight::ReadOnly,
        Wire::Allowed => FieldRight::Allowed,
    }
}

pub fn field_right_to_proto(value: FieldRight) -> proto::FieldRight {
    use proto::FieldRight as Wire;
    match value {
        FieldRight::NotSet => Wire::Unspecified,
        FieldRight::Hidden => Wire::Hidden,
        FieldRight::ReadOnly => Wire::ReadOnly,
        FieldRight::Allowed => Wire::Allowed,
    }
}

/// Where an effective right comes from.
#[must_use]
pub fn source_to_proto(value: Source) -> proto::RightSource {
    use proto::RightSource as Wire;
    match value {
        Source::User => Wire::User,
        Source::Group => Wire::Group,
        Source::Role => Wire::Role,
        Source::Administrator => Wire::Administrator,
        Source::Default => Wire::Default,
    }
}

pub fn role_to_proto(value: Role) -> proto::Role {
    match value {
        Role::Administrator => proto::Role::Administrator,
        Role::Manager => proto::Role::Manager,
    }
}
