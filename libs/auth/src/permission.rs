//! What a call needs to be allowed.

use crate::{Principal, Role};

/// A permission that a call requires. Which conversations are visible is another question: `libs/access` answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read who works here: users, groups, the account.
    DirectoryRead,
    /// Read conversations and messages.
    InboxRead,
    /// Send messages and change conversations.
    InboxWrite,
    /// Read cards, tasks and unsorted records; which ones, the rights matrix says.
    CrmRead,
    /// Change them; which ones, the rights matrix says.
    CrmWrite,
    /// Read settings, keys and the audit log.
    SettingsRead,
    /// Change settings, users and keys.
    SettingsWrite,
    /// Ask about any employee who may what and sees which conversation; anybody may ask about themselves.
    RightsRead,
    /// Issue tokens of visitors of online chats, with whom their whole history is read: the backend of a site, and administrators.
    VisitorsIssue,
    /// Begin sessions for employees: the key of the CRM widget alone.
    SessionsBegin,
}

impl Permission {
    /// Its name in errors, and the scope that gives it to an API key.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DirectoryRead => "directory.read",
            Self::InboxRead => "inbox.read",
            Self::InboxWrite => "inbox.write",
            Self::CrmRead => "crm.read",
            Self::CrmWrite => "crm.write",
            Self::SettingsRead => "settings.read",
            Self::SettingsWrite => "settings.write",
            Self::RightsRead => "rights.read",
            Self::VisitorsIssue => "visitors.issue",
            Self::SessionsBegin => "sessions.begin",
        }
    }

    fn of_role(self, role: Role) -> bool {
        match role {
            Role::Administrator => self != Self::SessionsBegin,
            Role::Manager => matches!(
                self,
                Self::DirectoryRead
                    | Self::InboxRead
                    | Self::InboxWrite
                    | Self::CrmRead
                    | Self::CrmWrite
            ),
        }
    }

    /// The scopes of which any one gives this permission to a program; the first is named when none is there.
    pub(crate) fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::DirectoryRead => &["inbox.read", "crm.read", "settings.read", "settings.write"],
            Self::InboxRead => &["inbox.read"],
            Self::InboxWrite => &["inbox.write"],
            Self::CrmRead => &["crm.read"],
            Self::CrmWrite => &["crm.write"],
            Self::SettingsRead => &["settings.read", "settings.write"],
            Self::SettingsWrite => &["settings.write"],
            Self::RightsRead => &["rights.read"],
            Self::VisitorsIssue => &["visitors.issue"],
            Self::SessionsBegin => &["sessions.begin"],
        }
    }

    /// Does `principal` have it? Services have none: they speak to internal APIs, which ask for no permission.
    pub(crate) fn is_given_to(self, principal: &Principal) -> bool {
        match principal {
            Principal::Employee { role, .. } => self.of_role(*role),
            Principal::Program { scopes, .. } => {
                let gives = |scope: &String| self.scopes().contains(&scope.as_str());
                scopes.iter().any(gives)
            }
            Principal::Service { .. } => false,
        }
    }
}
