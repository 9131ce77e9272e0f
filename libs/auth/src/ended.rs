//! Sessions and keys that ended before their tokens did.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;
use uuid::Uuid;

use crate::source::Revocations;
use crate::token;

/// How long an ended session or key is remembered: longer than any token of it lives.
const REMEMBER: Duration = token::LIFE.saturating_mul(2);

/// What ended lately. Reading takes no lock.
#[derive(Default)]
pub(crate) struct Ended(ArcSwap<Snapshot>);

#[derive(Default)]
struct Snapshot {
    subjects: HashMap<Uuid, Instant>,
    cursor: i64,
}

impl Ended {
    pub(crate) fn contains(&self, subject: Uuid) -> bool {
        self.0.load().subjects.contains_key(&subject)
    }

    /// From where to ask on.
    pub(crate) fn cursor(&self) -> i64 {
        self.0.load().cursor
    }

    /// Takes news in and forgets what is old. Only the one task that listens calls this.
    pub(crate) fn learn(&self, news: Revocations) {
        let now = Instant::now();
        let mut subjects = self.0.load().subjects.clone();
        subjects.retain(|_, heard| now.duration_since(*heard) < REMEMBER);
        subjects.extend(news.subjects.into_iter().map(|subject| (subject, now)));
        self.0.store(Arc::new(Snapshot {
            subjects,
            cursor: news.cursor,
        }));
    }
}
