//! The same rule for lists: which conversations a store has to look at.

use types::{GroupId, UserId};

use crate::{Action, CardFacts, Entity, Level, Rights, StageRight, Visibility};

/// Which conversations belong to a branch, by the responsible user of the contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContactCondition {
    /// Every one, also without a contact or responsible user.
    All,
    /// Those whose contact this user is responsible for.
    OwnedBy(UserId),
    /// Those whose contact somebody of this group is responsible for, but not this user, who has a branch of their own. In SQL
    /// a missing responsible user makes `<>` unknown, so the row is left out, as it has to be.
    OwnedByGroup {
        /// The group.
        group: GroupId,
        /// The user.
        except: UserId,
    },
}

impl ContactCondition {
    /// Does a conversation belong to it? What the SQL of a store must say too.
    #[must_use]
    pub fn matches(&self, facts: &CardFacts) -> bool {
        match self {
            Self::All => true,
            Self::OwnedBy(user) => facts.contact_owner == Some(*user),
            Self::OwnedByGroup { group, except } => {
                facts.contact_owner.is_some_and(|owner| owner != *except)
                    && facts.contact_owner_group == Some(*group)
            }
        }
    }
}

/// One part of a user's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch {
    /// Which conversations.
    pub contact: ContactCondition,
    /// What every one of them shows at the least, whatever its card is. Where that is the chat, nothing has to be asked of a row
    /// before its messages are searched or counted; else [`Rights::sees`] says it for the row.
    pub least: Visibility,
}

impl Rights {
    /// The conversations that are not hidden, as at most four disjoint parts: a store reads each by an index of its own and joins
    /// them with UNION ALL. None means an empty list.
    #[must_use]
    pub fn list_branches(&self) -> Vec<Branch> {
        let least = self.least();
        let conditions = match (self.level(Entity::Contacts, Action::View), self.user) {
            (Level::Allowed, _) => vec![ContactCondition::All],
            (Level::Forbidden, _) | (_, None) => Vec::new(),
            (Level::Own, Some(user)) => vec![ContactCondition::OwnedBy(user)],
            (Level::Group, Some(user)) => {
                let group = self.group.map(|group| ContactCondition::OwnedByGroup {
                    group,
                    except: user,
                });
                [Some(ContactCondition::OwnedBy(user)), group]
                    .into_iter()
                    .flatten()
                    .collect()
            }
        };
        let branch = |contact| Branch { contact, least };
        conditions.into_iter().map(branch).collect()
    }

    /// What a conversation shows at the least once its contact may be seen.
    fn least(&self) -> Visibility {
        let forbids = |right: StageRight| right == StageRight::Forbidden;
        let forbidden_stage = self
            .stages()
            .any(|(_, rights)| forbids(rights.get(Action::View).0));
        if forbidden_stage || self.level(Entity::Deals, Action::View) == Level::Forbidden {
            return Visibility::ContactOnly;
        }
        Visibility::ContactAndChat
    }
}
