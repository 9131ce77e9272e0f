//! The time, so that tests can move it.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;

/// Tells the time and waits. Production has the system's clock, tests one that they move by hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<watch::Sender<OffsetDateTime>>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `now` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(now: OffsetDateTime) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(now))))
    }

    /// Now, UTC, as exact as the database keeps it: what is answered first must equal what is read later.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system"
    )]
    pub fn now(&self) -> OffsetDateTime {
        let now = match &self.0 {
            Source::System => OffsetDateTime::now_utc(),
            Source::Manual(now) => *now.borrow(),
        };
        now.replace_microsecond(now.microsecond()).unwrap_or(now)
    }

    /// The time of a manual clock; `None` for the system's, beside which a database may have one of its own that all replicas agree on.
    #[must_use]
    pub fn set_by_hand(&self) -> Option<OffsetDateTime> {
        match &self.0 {
            Source::System => None,
            Source::Manual(_) => Some(self.now()),
        }
    }

    /// Waits until `duration` has passed on this clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system"
    )]
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Source::System => tokio::time::sleep(duration).await,
            Source::Manual(now) => {
                let mut changes = now.subscribe();
                let end = *changes.borrow() + duration;
                // The sender lives in `self`, so waiting cannot fail while the clock exists.
                let _ = changes.wait_for(|now| *now >= end).await;
            }
        }
    }

    /// Moves a manual clock forward and wakes who waits; the system's clock does not move.
    pub fn advance(&self, duration: Duration) {
        if let Source::Manual(now) = &self.0 {
            now.send_modify(|now| *now += duration);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_when_moved() {
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        let sleeper = clock.sleep(Duration::from_secs(60));
        tokio::pin!(sleeper);
        assert!(futures_poll(&mut sleeper).await.is_none());
        clock.advance(Duration::from_secs(60));
        sleeper.await;
        assert_eq!(
            clock.now(),
            OffsetDateTime::UNIX_EPOCH + Duration::from_secs(60)
        );
    }

    async fn futures_poll<F: Future<Output = ()> + Unpin>(future: &mut F) -> Option<()> {
        tokio::select! { biased; () = future => Some(()), () = std::future::ready(()) => None }
    }
}
