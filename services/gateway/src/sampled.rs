//! Log lines that cannot flood: at most one a second from each place, with the number of those left out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Lets one through a second.
#[derive(Debug, Default)]
pub struct Sampler {
    /// Milliseconds since [`start`] from which the next may pass.
    next: AtomicU64,
    left_out: AtomicU64,
}

const PERIOD_MS: u64 = 1000;

impl Sampler {
    /// A sampler that lets the first one through.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            next: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
        }
    }

    /// How many were left out before this one; `None` when this one is left out too.
    pub fn pass(&self) -> Option<u64> {
        self.pass_at(u64::try_from(start().elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn pass_at(&self, now: u64) -> Option<u64> {
        let next = self.next.load(Ordering::Relaxed);
        let passes = now >= next
            && self
                .next
                .compare_exchange(next, now + PERIOD_MS, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if passes {
            return Some(self.left_out.swap(0, Ordering::Relaxed));
        }
        self.left_out.fetch_add(1, Ordering::Relaxed);
        None
    }
}

fn start() -> Instant {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// Warns, at most once a second from this place.
#[macro_export]
macro_rules! sampled {
    ($message:literal, $($fields:tt)*) => {{
        static SAMPLER: $crate::sampled::Sampler = $crate::sampled::Sampler::new();
        if let Some(left_out) = SAMPLER.pass() {
            tracing::warn!(left_out, $($fields)*, $message);
        }
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_passes_a_second_and_counts_the_others() {
        let sampler = Sampler::new();
        assert_eq!(sampler.pass_at(5), Some(0));
        assert_eq!(sampler.pass_at(6), None);
        assert_eq!(sampler.pass_at(1004), None);
        assert_eq!(sampler.pass_at(1005), Some(2));
    }
}
