//! How many codes may be asked for and sent.
//!
//! Where a client asks, numbers and addresses are counted, whether or not anybody has the number: the answer tells nothing. Where an
//! SMS really goes out, which happens for clients of the account alone, ranges of numbers and whole accounts are counted: so nobody
//! can use up an account's day with numbers that are no clients'.
//!
//! A number gets at most ten codes a day with five tries each: whoever guesses is right with a chance of 5 in 100,000.

use std::time::Duration;

use time::OffsetDateTime;

/// So often in a window of time. Windows of a kind begin at the same moments for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Its number in the database.
    pub kind: i16,
    /// For logs.
    pub name: &'static str,
    /// So often.
    pub most: i32,
    /// In this time.
    pub time: Duration,
}

impl Limit {
    /// Beginning of the window.
    #[must_use]
    pub fn window(&self, now: OffsetDateTime) -> OffsetDateTime {
        let seconds = i64::try_from(self.time.as_secs())
            .unwrap_or(i64::MAX)
            .max(1);
        let into = now.unix_timestamp().rem_euclid(seconds);
        now - Duration::from_secs(into.unsigned_abs())
            - Duration::from_nanos(now.nanosecond().into())
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Codes for one number, from the shortest window to the longest.
    pub number: [Limit; 3],
    /// Codes asked for from one address.
    pub address: Limit,
    /// Tries from one address.
    pub tries: Limit,
    /// SMS to ten thousand neighbouring numbers.
    pub range: Limit,
    /// SMS of one account.
    pub account: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        let limit = |kind, name, most, time| Limit {
            kind,
            name,
            most,
            time,
        };
        Self {
            number: [
                limit(1, "number a minute", 2, MINUTE),
                limit(2, "number an hour", 5, HOUR),
                limit(3, "number a day", 10, DAY),
            ],
            address: limit(4, "address", 60, HOUR),
            tries: limit(5, "tries of an address", 300, HOUR),
            range: limit(6, "range of numbers", 100, HOUR),
            account: limit(7, "account", 5_000, DAY),
        }
    }
}

impl Limits {
    /// For load tests: nothing is ever reached.
    #[must_use]
    pub fn none() -> Self {
        let any = |limit: Limit| Limit {
            most: i32::MAX,
            ..limit
        };
        let usual = Self::default();
        Self {
            number: usual.number.map(any),
            address: any(usual.address),
            tries: any(usual.tries),
            range: any(usual.range),
            account: any(usual.account),
        }
    }
}

/// The range that a number is in: all but its last four digits.
#[must_use]
pub fn range(phone: &str) -> &str {
    let end = phone.len().saturating_sub(4);
    phone.get(..end).unwrap_or(phone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_its_moments() {
        let limit = Limits::default().number[0];
        for second in [0, 59, 60, 61, 119] {
            let now = OffsetDateTime::UNIX_EPOCH + Duration::from_millis(second * 1000 + 7);
            let begin = limit.window(now);
            assert!(begin <= now && now < begin + limit.time, "second {second}");
            assert_eq!(begin.unix_timestamp() % 60, 0);
        }
    }

    #[test]
    fn guessing_a_number_for_a_day_succeeds_with_less_than_one_in_ten_thousand() {
        let codes = f64::from(Limits::default().number[2].most);
        let chance = codes * f64::from(crate::domain::code::TRIES) / 1e6;
        assert!(chance <= 1e-4, "{chance}");
    }

    #[test]
    fn neighbours_share_a_range() {
        assert_eq!(range("+79990001234"), range("+79990009999"));
        assert_ne!(range("+79990001234"), range("+79990011234"));
        assert_eq!(range("+1"), "");
    }
}
