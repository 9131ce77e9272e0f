//! Who looks, while conversations know no cards.

use crate::Visibility;

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Viewer {
    /// An administrator of the account, or a program that acts for the whole account (IDN-33).
    Everything,
    /// An employee with the rights of a manager.
    Employee,
}

/// Which conversations a list has to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListScope {
    /// All of the account.
    All,
    /// None.
    Nothing,
}

impl Viewer {
    /// How much of a conversation the viewer sees. A conversation without a card shows contact and chat.
    #[must_use]
    pub fn sees(self) -> Visibility {
        match self {
            Self::Everything => Visibility::ContactAndChat,
            Self::Employee => Visibility::Hidden,
        }
    }

    /// The same rule for lists.
    #[must_use]
    pub fn list_scope(self) -> ListScope {
        match self {
            Self::Everything => ListScope::All,
            Self::Employee => ListScope::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_single_reads_agree() {
        for viewer in [Viewer::Everything, Viewer::Employee] {
            assert_eq!(
                viewer.list_scope() == ListScope::Nothing,
                viewer.sees() == Visibility::Hidden
            );
        }
    }
}
