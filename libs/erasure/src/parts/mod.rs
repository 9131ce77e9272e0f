//! Places that every store has: the outbox, its copies in Redis, kept answers, parked events.

mod answers;
mod outbox;
mod parked;
mod streams;

pub use answers::answers;
pub use outbox::outbox;
pub use parked::parked;
pub use streams::streams;

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::sieve::{Found, Sieve};

/// What in a store is the person's: their contacts, chats, deals, with the ids as the contracts write them. Others may have the same name:
/// what is not the person's loses a value only where a number or an e-mail tells that it speaks of them.
#[derive(Debug, Default)]
pub struct Own(BTreeMap<Uuid, String>);

impl Own {
    /// These.
    pub fn new(ids: impl IntoIterator<Item = (Uuid, String)>) -> Self {
        Self(ids.into_iter().collect())
    }

    /// Does an event speak of the person?
    fn is_told(&self, aggregate: Uuid, with: &Sieve, found: &Found) -> bool {
        !found.is_empty() && (self.0.contains_key(&aggregate) || with.tells_who(found))
    }

    /// Does an answer?
    fn is_answered(&self, answer: &[u8], with: &Sieve, found: &Found) -> bool {
        let names = |id: &String| answer.windows(id.len()).any(|part| part == id.as_bytes());
        !found.is_empty() && (with.tells_who(found) || self.0.values().any(names))
    }
}

/// Rows of a part.
const PAGE: i64 = 500;
