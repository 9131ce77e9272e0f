//! How many conversations there are of each kind, and what of it somebody may see.

use std::collections::BTreeMap;

use types::{GroupId, UserId};

use super::card::{Owners, Viewer};
use super::conversation::Answer;

/// Conversations of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Who is responsible for the contact.
    pub owner: Option<UserId>,
    /// Of group chats?
    pub group: bool,
    /// Open ones, or closed ones?
    pub open: bool,
    /// Answer state.
    pub answer: Answer,
    /// How many.
    pub conversations: i64,
}

/// Numbers of conversations, by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Open ones that require an answer.
    pub unanswered: i64,
    /// Open ones that need none.
    pub answered: i64,
    /// Closed ones.
    pub closed: i64,
    /// Of the closed ones, those that were closed unanswered.
    pub closed_unanswered: i64,
}

impl Tally {
    fn add(&mut self, count: &Count) {
        match (count.open, count.answer) {
            (true, Answer::Required) => self.unanswered += count.conversations,
            (true, Answer::NotNeeded) => self.answered += count.conversations,
            (false, Answer::Required) => {
                self.closed += count.conversations;
                self.closed_unanswered += count.conversations;
            }
            (false, Answer::NotNeeded) => self.closed += count.conversations,
        }
    }
}

/// The counters as somebody may see them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Of all.
    pub all: Tally,
    /// Of those for which nobody is responsible.
    pub nobody: Tally,
    /// By employee.
    pub users: BTreeMap<UserId, Tally>,
    /// By department.
    pub groups: BTreeMap<GroupId, Tally>,
}

impl Counters {
    /// What a viewer sees of the counts of their account (CNV-42): the same owners as the list.
    #[must_use]
    pub fn seen_by(viewer: &Viewer, counts: &[Count]) -> Self {
        let owners = viewer.owners();
        let groups_too = viewer.rights.is_everything();
        let seen = |count: &&Count| {
            let owned = match (&owners, count.owner) {
                (Owners::All, _) => true,
                (Owners::Only(owners), Some(owner)) => owners.contains(&owner),
                (Owners::Only(_), None) => false,
            };
            owned && count.conversations != 0 && (groups_too || !count.group)
        };
        let mut counters = Self::default();
        for count in counts.iter().filter(seen) {
            counters.add(viewer, count);
        }
        counters
    }

    fn add(&mut self, viewer: &Viewer, count: &Count) {
        self.all.add(count);
        // Who is responsible may be hidden from them (IDN-13).
        if !viewer.reads_owners() {
            return;
        }
        let Some(owner) = count.owner else {
            self.nobody.add(count);
            return;
        };
        self.users.entry(owner).or_default().add(count);
        if let Some(group) = viewer.group_of(owner) {
            self.groups.entry(group).or_default().add(count);
        }
    }
}
