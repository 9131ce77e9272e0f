use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn digest(number: u64) -> Digest {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    digest
}

/// One step of a history: which of the tokens made so far is shown (counted back from the newest), and how much later.
#[derive(Debug, Clone)]
struct Step {
    back: u64,
    later: u64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0u64..5, prop_oneof![0u64..5, 50u64..70, Just(100_000)]);
    prop::collection::vec(step.prop_map(|(back, later)| Step { back, later }), 1..40)
}

proptest! {
    /// Whoever shows whichever tokens whenever: no token is accepted more than twice, a second time only while its
    /// successor is unused and the time for forgiveness is not over, and nothing is accepted after a reuse.
    #[test]
    fn no_history_makes_an_old_token_good(steps in steps()) {
        let mut now = OffsetDateTime::UNIX_EPOCH;
        let mut rotation = Rotation::first(digest(0));
        let mut newest = 0;
        let mut accepted: HashMap<u64, Vec<OffsetDateTime>> = HashMap::new();
        // Which token was shown to make each one.
        let mut made_by: HashMap<u64, u64> = HashMap::new();
        for step in steps {
            now += Duration::from_secs(step.later);
            let shown = u64::saturating_sub(newest, step.back);
            match rotation.show(digest(shown), digest(newest + 1), now) {
                Shown::Accepted(next) => {
                    let times = accepted.entry(shown).or_default();
                    if let Some(first) = times.first() {
                        prop_assert_eq!(times.len(), 1, "token {} was accepted a third time", shown);
                        prop_assert!(now - *first <= FORGIVENESS);
                    }
                    times.push(now);
                    let successor_used = made_by.iter().any(|(made, by)| *by == shown && accepted.contains_key(made));
                    prop_assert!(!successor_used, "token {} was accepted after its successor was used", shown);
                    newest += 1;
                    made_by.insert(newest, shown);
                    rotation = next;
                    prop_assert_eq!(rotation.current, digest(newest));
                }
                // The session is over; the caller keeps no rotation after it.
                Shown::Reused => break,
            }
        }
    }

    /// An honest client that repeats a call once when the answer is lost never loses its session.
    #[test]
    fn one_lost_answer_at_a_time_is_survived(lost in prop::collection::vec(any::<bool>(), 1..60), wait in 0u64..=60) {
        let mut now = OffsetDateTime::UNIX_EPOCH;
        let mut rotation = Rotation::first(digest(0));
        let (mut held, mut newest) = (0, 0);
        for lost in lost {
            for _ in 0..=u8::from(lost) {
                newest += 1;
                let shown = rotation.show(digest(held), digest(newest), now);
                let Shown::Accepted(next) = shown else { panic!("an honest client lost its session") };
                rotation = next;
                now += Duration::from_secs(wait);
            }
            held = newest;
            now += Duration::from_secs(300);
        }
    }
}

#[test]
fn the_token_of_a_lost_answer_is_void_after_forgiveness() {
    let now = OffsetDateTime::UNIX_EPOCH;
    let Shown::Accepted(rotation) = Rotation::first(digest(0)).show(digest(0), digest(1), now)
    else {
        panic!()
    };
    let Shown::Accepted(rotation) = rotation.show(digest(0), digest(2), now) else {
        panic!()
    };
    assert_eq!(rotation.show(digest(1), digest(3), now), Shown::Reused);
}

#[test]
fn forgiveness_ends_with_its_time() {
    let now = OffsetDateTime::UNIX_EPOCH;
    let Shown::Accepted(rotation) = Rotation::first(digest(0)).show(digest(0), digest(1), now)
    else {
        panic!()
    };
    let late = now + FORGIVENESS + Duration::from_nanos(1);
    assert_eq!(rotation.show(digest(0), digest(2), late), Shown::Reused);
}
