//! What can go wrong with a CRM.

use std::time::Duration;

/// Why a CRM did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It does not answer: it is asked again, and whatever comes after waits.
    #[error("the CRM does not answer: {0}")]
    Unavailable(String),
    /// Something that the settings name is gone: the plan is made anew with what is there now.
    #[error("what the plan names is gone: {0}")]
    Stale(String),
    /// It refuses: asking again changes nothing.
    #[error("the CRM refuses: {0}")]
    Refused(String),
}

/// The longest pause between two tries.
const LONGEST: Duration = Duration::from_secs(15);

/// How long to wait after this many failures in a row: half a second, doubled each time, at most a quarter of a minute. Clients wait differently long, so
/// that a CRM that is back is not asked about all of them at once.
#[must_use]
pub fn pause(failures: i32, client_key: &str) -> Duration {
    let doublings = u32::try_from(failures.clamp(1, 8) - 1).unwrap_or(0);
    let pause = Duration::from_millis(500)
        .saturating_mul(1 << doublings)
        .min(LONGEST);
    let spread = client_key.bytes().fold(0_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    pause.mul_f64(0.75 + 0.25 * f64::from(spread % 1000) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit_and_differ_by_client() {
        let longest: Vec<_> = (1..=20).map(|failures| pause(failures, "zz")).collect();
        assert!(longest.windows(2).all(|two| two[0] <= two[1]));
        assert!(longest[0] <= Duration::from_millis(500) && longest[19] <= LONGEST);
        assert!(longest[19] >= LONGEST * 3 / 4);
        assert_ne!(pause(8, "telegram\n1"), pause(8, "telegram\n2"));
    }
}
