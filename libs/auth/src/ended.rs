//! Sessions and keys that ended before their tokens did.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::source::Revocations;
use crate::token;

/// How long an ended session or key is remembered: longer than any token of it lives.
const REMEMBER: Duration = token::LIFE.saturating_mul(2);

/// What ended lately. Reading takes no lock.
#[derive(Default)]
pub(crate) struct Ended {
    snapshot: ArcSwap<Snapshot>,
    /// Changes when something ends.
    news: watch::Sender<()>,
}

#[derive(Default)]
struct Snapshot {
    subjects: HashMap<Uuid, Instant>,
    cursor: i64,
}

impl Ended {
    pub(crate) fn contains(&self, subject: Uuid) -> bool {
        self.snapshot.load().subjects.contains_key(&subject)
    }

    /// Changes when something ends from now on.
    pub(crate) fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// From where to ask on.
    pub(crate) fn cursor(&self) -> i64 {
        self.snapshot.load().cursor
    }

    /// Takes news in and forgets what is old. Only the one task that listens calls this.
    pub(crate) fn learn(&self, news: Revocations) {
        let now = Instant::now();
        let is_news = !news.subjects.is_empty();
        let mut subjects = self.snapshot.load().subjects.clone();
        subjects.retain(|_, heard| now.duration_since(*heard) < REMEMBER);
        subjects.extend(news.subjects.into_iter().map(|subject| (subject, now)));
        self.snapshot.store(Arc::new(Snapshot {
            subjects,
            cursor: news.cursor,
        }));
        if is_news {
            self.news.send_replace(());
        }
    }
}
