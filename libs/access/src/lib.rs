//! Who may see which conversation: the one place that decides, for lists, single reads, messages, live streams and sends.
//!
//! A pure function from a viewer and a card's facts to a [`Visibility`], and the same rule as a [`ListScope`] that a list
//! turns into SQL. While there are no cards, administrators see every conversation and everybody else none.

/// How much of a conversation somebody sees, from most to least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Visibility {
    /// Nothing: it does not exist for them.
    Hidden,
    /// The contact's name without the chat.
    ContactOnly,
    /// The contact's name and the chat.
    ContactAndChat,
    /// The deal's name and the chat.
    DealAndChat,
}

impl Visibility {
    /// May messages be read and written?
    #[must_use]
    pub fn shows_messages(self) -> bool {
        self >= Self::ContactAndChat
    }
}

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

    #[test]
    fn messages_are_read_only_where_the_chat_is_shown() {
        let readable = [
            Visibility::Hidden,
            Visibility::ContactOnly,
            Visibility::ContactAndChat,
            Visibility::DealAndChat,
        ]
        .map(Visibility::shows_messages);
        assert_eq!(readable, [false, false, true, true]);
    }
}
