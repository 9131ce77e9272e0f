//! When signing keys are made, sign, and go.
//!
//! A key is published for a while before it signs, so that every verifier has it by then, and stays published after its
//! successor has taken over until every token that it signed has expired.

use std::time::Duration;

use auth::token;
use time::OffsetDateTime;

/// How long a key signs.
pub const SIGNS: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long a key is published before it signs: many times the interval in which verifiers ask for keys.
pub const PUBLISHED_BEFORE: Duration = Duration::from_secs(10 * 60);
/// How long a key is published after its successor took over: a token's life and as much again for slow clocks.
const PUBLISHED_AFTER: Duration = token::LIFE.saturating_mul(2);

/// What the schedule needs to know of a key.
pub trait Scheduled {
    /// From when on it signs.
    fn activate_time(&self) -> OffsetDateTime;
}

/// The key that signs at `now`: the latest that is active. `keys` are in order of activation.
#[must_use]
pub fn signing<K: Scheduled>(keys: &[K], now: OffsetDateTime) -> Option<&K> {
    keys.iter().rfind(|key| key.activate_time() <= now)
}

/// When the next key has to begin to sign, if one has to be made now.
#[must_use]
pub fn next_activation<K: Scheduled>(keys: &[K], now: OffsetDateTime) -> Option<OffsetDateTime> {
    match keys.last() {
        // The very first key: nothing has been signed that anybody could fail to verify.
        None => Some(now),
        Some(newest) => {
            let due = newest.activate_time() + SIGNS;
            (now + PUBLISHED_BEFORE >= due).then(|| due.max(now + PUBLISHED_BEFORE))
        }
    }
}

/// Is the key at `place` still needed? `keys` are in order of activation.
#[must_use]
pub fn is_needed<K: Scheduled>(keys: &[K], place: usize, now: OffsetDateTime) -> bool {
    keys.get(place + 1)
        .is_none_or(|successor| now < successor.activate_time() + PUBLISHED_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Key(OffsetDateTime);
    impl Scheduled for Key {
        fn activate_time(&self) -> OffsetDateTime {
            self.0
        }
    }

    proptest! {
        /// A job that looks now and then keeps the promises, whenever it looks.
        #[test]
        fn there_is_always_a_key_that_signs_and_it_was_published_before(waits in prop::collection::vec(1u64..3_000_000, 1..60)) {
            let mut now = OffsetDateTime::UNIX_EPOCH;
            let mut keys: Vec<Key> = Vec::new();
            for wait in waits {
                if let Some(activation) = next_activation(&keys, now) {
                    prop_assert!(keys.is_empty() || activation >= now + PUBLISHED_BEFORE);
                    keys.push(Key(activation));
                }
                prop_assert!(signing(&keys, now).is_some());
                let last_token = now;
                let signer = keys.iter().rposition(|key| key.0 <= last_token).expect("a key");
                prop_assert!(is_needed(&keys, signer, last_token + token::LIFE), "a token outlived its key");
                now += Duration::from_secs(wait);
            }
        }
    }

    #[test]
    fn a_key_goes_when_its_tokens_are_dead() {
        let start = OffsetDateTime::UNIX_EPOCH;
        let keys = [Key(start), Key(start + SIGNS)];
        assert!(is_needed(&keys, 0, start + SIGNS + token::LIFE));
        assert!(!is_needed(&keys, 0, start + SIGNS + PUBLISHED_AFTER));
        assert!(is_needed(&keys, 1, start + SIGNS * 3));
    }
}
