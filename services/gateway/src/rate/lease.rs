//! Tokens that this replica holds for one caller.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::MutexGuard;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Lease {
    tokens: AtomicU32,
    blocked_until: Mutex<Option<Instant>>,
    fetching: tokio::sync::Mutex<()>,
}

impl Lease {
    /// Spends a token; how many are left.
    pub(super) fn spend(&self) -> Option<u32> {
        let spent = self
            .tokens
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| {
                tokens.checked_sub(1)
            });
        spent.ok().map(|before| before - 1)
    }

    pub(super) fn add(&self, tokens: u32) {
        self.tokens.fetch_add(tokens, Ordering::Relaxed);
    }

    /// How long the bucket is known to be empty.
    pub(super) fn blocked(&self) -> Option<Duration> {
        let until = *self
            .blocked_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        until?
            .checked_duration_since(Instant::now())
            .filter(|wait| !wait.is_zero())
    }

    pub(super) fn block(&self, wait: Duration) {
        *self
            .blocked_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(wait);
    }

    /// One fetches at a time.
    pub(super) async fn lock(&self) -> MutexGuard<'_, ()> {
        self.fetching.lock().await
    }

    pub(super) fn try_lock(&self) -> Option<MutexGuard<'_, ()>> {
        self.fetching.try_lock().ok()
    }
}
