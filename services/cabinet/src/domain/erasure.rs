//! Erasures: the stages, and the receipt.

use std::collections::BTreeMap;
use std::time::Duration;

use erasure::{Digest, Person, Removed};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use types::{AccountId, ErasureId};
use uuid::Uuid;

/// How often everything is gone through before somebody has to look.
pub const ATTEMPTS: i32 = 3;

/// How long a step waits after a failure, at most.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// What is done next. Each step is written down after it is done; done twice it changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Who the client is, and which values are theirs.
    Finding,
    /// Erasing in the store of this number.
    Erasing(usize),
    /// Looking whether anything is left in the store of this number.
    Checking(usize),
    /// All is gone.
    Done,
}

/// What was removed or found: by store, by place.
pub type Places = BTreeMap<String, BTreeMap<String, Removed>>;

/// What must not be told, kept under the master key until the end.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Secret {
    /// The number that was proved; empty for contacts of a backup.
    pub phone: String,
    /// All that is known.
    pub person: Person,
}

/// An erasure.
#[derive(Debug, Clone)]
pub struct Erasure {
    /// Whose client.
    pub account: AccountId,
    /// Its id.
    pub id: ErasureId,
    /// What is next.
    pub stage: Stage,
    /// How often everything was gone through, from 1.
    pub attempt: i32,
    /// `None` after the end.
    pub secret: Option<Secret>,
    /// The receipt.
    pub receipt: Receipt,
    /// Why the last step failed; empty when it did not.
    pub error: String,
    /// How often it failed.
    pub tries: i32,
}

/// What can be shown of an erasure, also when all is gone.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    /// Key of the digests.
    pub salt: Vec<u8>,
    /// Salted digests of the removed values.
    pub digests: Vec<Digest>,
    /// The contacts.
    pub contacts: Vec<Uuid>,
    /// What was removed.
    pub removed: Places,
    /// What the last check found; empty when nothing was left.
    pub found: Places,
    /// How much the last check looked at.
    pub looked_at: i64,
    /// When the client confirmed.
    pub create_time: Option<OffsetDateTime>,
    /// When all was gone.
    pub done_time: Option<OffsetDateTime>,
    /// When it was last checked.
    pub check_time: Option<OffsetDateTime>,
}

impl Erasure {
    /// After the last store was checked: is it over, or does everything begin anew? What is found after the values are gone can only be
    /// told.
    pub fn conclude(&mut self, now: OffsetDateTime) {
        self.receipt.check_time = Some(now);
        let is_clean = self.receipt.found.is_empty();
        if self.secret.is_none() || is_clean {
            self.stage = Stage::Done;
            self.secret = None;
            self.receipt.done_time.get_or_insert(now);
            return;
        }
        self.stage = Stage::Erasing(0);
        self.attempt += 1;
    }

    /// How long it waits for the next try.
    #[must_use]
    pub fn wait(&self) -> Duration {
        let seconds = 1_u64 << self.tries.clamp(0, 16);
        Duration::from_secs(seconds).min(LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = time::macros::datetime!(2026-11-21 12:00 UTC);

    fn checked(secret: Option<Secret>, found: &[&str]) -> Erasure {
        let places = |place: &&str| ((*place).to_owned(), BTreeMap::new());
        let mut erasure = Erasure {
            account: AccountId::generate(),
            id: ErasureId::generate(),
            stage: Stage::Checking(3),
            attempt: 1,
            secret,
            receipt: Receipt {
                found: found.iter().map(places).collect(),
                ..Receipt::default()
            },
            error: String::new(),
            tries: 0,
        };
        erasure.conclude(NOW);
        erasure
    }

    #[test]
    fn an_erasure_ends_when_nothing_is_left_and_forgets_the_values() {
        let ended = checked(Some(Secret::default()), &[]);
        assert_eq!((ended.stage, ended.attempt), (Stage::Done, 1));
        assert!(ended.secret.is_none());
        assert_eq!(ended.receipt.done_time, Some(NOW));
    }

    #[test]
    fn what_is_left_is_erased_again_as_long_as_the_values_are_known() {
        let again = checked(Some(Secret::default()), &["crm"]);
        assert_eq!((again.stage, again.attempt), (Stage::Erasing(0), 2));
        let told = checked(None, &["crm"]);
        assert_eq!((told.stage, told.receipt.found.len()), (Stage::Done, 1));
    }
}
