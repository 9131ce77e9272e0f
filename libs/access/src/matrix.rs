//! The words of the matrix: what can be done to what, how far, and by whom it was set.

/// What a right is on. A row of the matrix (IDN-02…IDN-04).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// Deals and customers.
    Deals,
    /// Contacts.
    Contacts,
    /// Companies.
    Companies,
    /// Tasks.
    Tasks,
    /// New leads that nobody has accepted yet.
    Unsorted,
}

impl Entity {
    /// All of them, in the order of the matrix.
    pub const ALL: [Self; 5] = [
        Self::Deals,
        Self::Contacts,
        Self::Companies,
        Self::Tasks,
        Self::Unsorted,
    ];

    /// Its name in audit entries and errors.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deals => "deals",
            Self::Contacts => "contacts",
            Self::Companies => "companies",
            Self::Tasks => "tasks",
            Self::Unsorted => "unsorted",
        }
    }
}

/// What is done. A column of the matrix (IDN-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Make a new one. The relation is that to the responsible user it is made for.
    Create,
    /// See it.
    View,
    /// Change it.
    Edit,
    /// Delete it.
    Delete,
    /// Take it out of the system in bulk.
    Export,
}

impl Action {
    /// All of them, in the order of the matrix.
    pub const ALL: [Self; 5] = [
        Self::Create,
        Self::View,
        Self::Edit,
        Self::Delete,
        Self::Export,
    ];

    /// Its name in audit entries and errors.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::View => "view",
            Self::Edit => "edit",
            Self::Delete => "delete",
            Self::Export => "export",
        }
    }
}

/// How far a right goes (IDN-08), from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// RED: forbidden under any conditions (IDN-12).
    Forbidden,
    /// YELLOW: allowed if the user is the responsible user (IDN-10).
    Own,
    /// BLUE: allowed if the user or somebody of the same group is the responsible user (IDN-11).
    Group,
    /// GREEN: allowed under any conditions (IDN-09).
    Allowed,
}

impl Level {
    /// Does it reach a card with this relation to the user?
    #[must_use]
    pub fn reaches(self, relation: Relation) -> bool {
        match self {
            Self::Forbidden => false,
            Self::Own => relation == Relation::Own,
            Self::Group => relation != Relation::Other,
            Self::Allowed => true,
        }
    }

    /// Its name in audit entries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Own => "own",
            Self::Group => "group",
            Self::Allowed => "allowed",
        }
    }
}

/// What a user is to the responsible user of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// The same person.
    Own,
    /// Of the same group.
    Group,
    /// Neither, or nobody is responsible.
    Other,
}

/// A special right on a pipeline stage (IDN-28). It replaces the right on deals and customers there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum StageRight {
    /// The right on deals and customers applies (IDN-30).
    #[default]
    NotSet,
    /// Allowed, whatever the right on deals and customers is (IDN-29).
    Allowed,
    /// Forbidden, whatever the right on deals and customers is (IDN-31).
    Forbidden,
}

impl StageRight {
    /// Its name in audit entries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotSet => "not set",
            Self::Allowed => "allowed",
            Self::Forbidden => "forbidden",
        }
    }
}

/// A right on one field of cards (IDN-13). It narrows the right on the card, it never widens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum FieldRight {
    /// The next subject decides; where none does, the right on the card applies.
    #[default]
    NotSet,
    /// The field is not shown.
    Hidden,
    /// The field is shown and cannot be changed.
    ReadOnly,
    /// The right on the card applies.
    Allowed,
}

impl FieldRight {
    /// May the field's value be shown to whoever may see the card?
    #[must_use]
    pub fn is_readable(self) -> bool {
        self != Self::Hidden
    }

    /// May the field be changed by whoever may change the card?
    #[must_use]
    pub fn is_writable(self) -> bool {
        matches!(self, Self::NotSet | Self::Allowed)
    }

    /// Its name in audit entries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotSet => "not set",
            Self::Hidden => "hidden",
            Self::ReadOnly => "read only",
            Self::Allowed => "allowed",
        }
    }
}

/// Where an effective right comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Source {
    /// Set for the user.
    User,
    /// Set for the user's group.
    Group,
    /// Set for the user's role.
    Role,
    /// The user is an administrator.
    Administrator,
    /// Set nowhere: refused.
    #[default]
    Default,
}

/// A value for each action on each entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cells<T>([[T; 5]; 5]);

impl<T: Copy> Cells<T> {
    /// The same everywhere.
    #[must_use]
    pub fn all(value: T) -> Self {
        Self([[value; 5]; 5])
    }

    /// One cell.
    #[must_use]
    #[inline]
    pub fn get(&self, entity: Entity, action: Action) -> T {
        self.0[entity as usize][action as usize]
    }

    /// Sets one cell.
    pub fn set(&mut self, entity: Entity, action: Action, value: T) {
        self.0[entity as usize][action as usize] = value;
    }

    /// Every cell, row by row.
    pub fn iter(&self) -> impl Iterator<Item = (Entity, Action, T)> + '_ {
        Entity::ALL.into_iter().flat_map(move |entity| {
            Action::ALL
                .into_iter()
                .map(move |action| (entity, action, self.get(entity, action)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// IDN-09…IDN-12.
    #[test]
    fn a_level_reaches_what_its_colour_says() {
        let reach = |level: Level| {
            [Relation::Own, Relation::Group, Relation::Other]
                .map(|relation| level.reaches(relation))
        };
        assert_eq!(reach(Level::Allowed), [true, true, true], "green");
        assert_eq!(reach(Level::Group), [true, true, false], "blue");
        assert_eq!(reach(Level::Own), [true, false, false], "yellow");
        assert_eq!(reach(Level::Forbidden), [false, false, false], "red");
    }

    #[test]
    fn levels_are_ordered_from_least_to_most() {
        assert!(Level::Forbidden < Level::Own && Level::Own < Level::Group);
        assert!(Level::Group < Level::Allowed);
    }

    #[test]
    fn fields_are_shown_and_changed_by_their_right() {
        let of = |right: FieldRight| (right.is_readable(), right.is_writable());
        assert_eq!(of(FieldRight::Hidden), (false, false));
        assert_eq!(of(FieldRight::ReadOnly), (true, false));
        assert_eq!(of(FieldRight::Allowed), (true, true));
        assert_eq!(of(FieldRight::NotSet), (true, true));
    }
}
