//! How often somebody may try: so many at once, then one now and then.
//!
//! One number says everything: the time at which all that was spent is paid back. It works the same in Redis and in
//! memory.

use std::time::Duration;

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// How many tries at once.
    pub burst: u32,
    /// How long until one more is allowed.
    pub refill: Duration,
}

impl Rule {
    /// The time that all tries at once are worth.
    #[must_use]
    pub fn capacity(self) -> Duration {
        self.refill * self.burst
    }

    /// Tries at `now`, where `paid_back` is the time at which earlier tries are paid back: the new such time.
    ///
    /// # Errors
    /// How long to wait.
    pub fn take(self, paid_back: Duration, now: Duration) -> Result<Duration, Duration> {
        let after = paid_back.max(now) + self.refill;
        match after.checked_sub(now + self.capacity()) {
            Some(wait) if !wait.is_zero() => Err(wait),
            Some(_) | None => Ok(after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule {
        burst: 3,
        refill: Duration::from_secs(20),
    };

    #[test]
    fn three_at_once_then_one_every_twenty_seconds() {
        let mut paid_back = Duration::ZERO;
        let start = Duration::from_secs(1000);
        for _ in 0..3 {
            paid_back = RULE.take(paid_back, start).expect("within the burst");
        }
        assert_eq!(RULE.take(paid_back, start), Err(Duration::from_secs(20)));
        assert_eq!(
            RULE.take(paid_back, start + Duration::from_secs(15)),
            Err(Duration::from_secs(5))
        );
        assert!(
            RULE.take(paid_back, start + Duration::from_secs(20))
                .is_ok()
        );
    }
}
