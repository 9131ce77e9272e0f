//! How long to wait before trying again: twice as long each time, with chance, so that replicas do not come back together.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Waits that grow until something succeeds.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait.
    pub fn wait(&mut self) -> Duration {
        let full = FIRST
            .saturating_mul(1 << self.failures.min(10))
            .min(LONGEST);
        self.failures += 1;
        jittered(full)
    }

    /// It succeeded: begin with the shortest wait again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Between half and one and a half of `around`.
#[must_use]
pub fn jittered(around: Duration) -> Duration {
    around.mul_f64(rand::random_range(0.5..1.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_begin_anew() {
        let mut backoff = Backoff::default();
        assert!(backoff.wait() <= FIRST * 2);
        for _ in 0..100 {
            assert!(backoff.wait() <= LONGEST * 2);
        }
        backoff.reset();
        assert!(backoff.wait() <= FIRST * 2);
    }
}
