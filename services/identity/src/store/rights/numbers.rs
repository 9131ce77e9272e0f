//! The words of the matrix as the database keeps them.

use access::{Action, Entity, FieldRight, Level, StageRight};

pub fn entity(number: i16) -> Option<Entity> {
    Entity::ALL
        .into_iter()
        .find(|entity| entity_number(*entity) == number)
}

pub fn entity_number(entity: Entity) -> i16 {
    match entity {
        Entity::Deals => 1,
        Entity::Contacts => 2,
        Entity::Companies => 3,
        Entity::Tasks => 4,
        Entity::Unsorted => 5,
    }
}

pub fn action(number: i16) -> Option<Action> {
    Action::ALL
        .into_iter()
        .find(|action| action_number(*action) == number)
}

pub fn action_number(action: Action) -> i16 {
    match action {
        Action::Create => 1,
        Action::View => 2,
        Action::Edit => 3,
        Action::Delete => 4,
        Action::Export => 5,
    }
}

pub fn level(number: i16) -> Option<Level> {
    match number {
        1 => Some(Level::Forbidden),
        2 => Some(Level::Own),
        3 => Some(Level::Group),
        4 => Some(Level::Allowed),
        _ => None,
    }
}

pub fn level_number(level: Level) -> i16 {
    match level {
        Level::Forbidden => 1,
        Level::Own => 2,
        Level::Group => 3,
        Level::Allowed => 4,
    }
}

pub fn stage_right(number: i16) -> Option<StageRight> {
    match number {
        1 => Some(StageRight::Allowed),
        2 => Some(StageRight::Forbidden),
        _ => None,
    }
}

/// `None` for what is not stored.
pub fn stage_right_number(right: StageRight) -> Option<i16> {
    match right {
        StageRight::NotSet => None,
        StageRight::Allowed => Some(1),
        StageRight::Forbidden => Some(2),
    }
}

pub fn field_right(number: i16) -> Option<FieldRight> {
    match number {
        1 => Some(FieldRight::Hidden),
        2 => Some(FieldRight::ReadOnly),
        3 => Some(FieldRight::Allowed),
        _ => None,
    }
}

/// `None` for what is not stored.
pub fn field_right_number(right: FieldRight) -> Option<i16> {
    match right {
        FieldRight::NotSet => None,
        FieldRight::Hidden => Some(1),
        FieldRight::ReadOnly => Some(2),
        FieldRight::Allowed => Some(3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_were_written() {
        for it in Entity::ALL {
            assert_eq!(entity(entity_number(it)), Some(it));
        }
        for it in Action::ALL {
            assert_eq!(action(action_number(it)), Some(it));
        }
        for number in 1..=4 {
            assert_eq!(level(number).map(level_number), Some(number));
        }
        for number in 1..=2 {
            let right = stage_right(number).and_then(stage_right_number);
            assert_eq!(right, Some(number));
        }
        for number in 1..=3 {
            let right = field_right(number).and_then(field_right_number);
            assert_eq!(right, Some(number));
        }
    }
}
