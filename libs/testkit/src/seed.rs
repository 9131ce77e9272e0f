//! Chance that can be repeated.

use std::env;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use uuid::Uuid;

/// Names the seed of the last run to repeat it.
const SEED: &str = "BESEDA_SEED";
/// `long` asks for the long fault tests.
const FAULTS: &str = "BESEDA_FAULTS";
/// `long` asks for the long tests of rights over random cards.
const RIGHTS: &str = "BESEDA_RIGHTS";

/// Whether the long form of the fault tests is asked for.
#[must_use]
pub fn is_long() -> bool {
    asks_for_long(FAULTS)
}

/// Whether the long form of the tests of rights over random cards is asked for.
#[must_use]
pub fn is_long_for_rights() -> bool {
    asks_for_long(RIGHTS)
}

fn asks_for_long(name: &str) -> bool {
    env::var(name).is_ok_and(|value| value == "long")
}

/// The source of all chance in a test. It is printed, so that a failed run can be repeated with the same choices (the
/// machine's own timing is not among them).
#[derive(Debug)]
pub struct Seed(Mutex<StdRng>);

impl Seed {
    /// From `BESEDA_SEED`, else a new one.
    ///
    /// # Panics
    /// When `BESEDA_SEED` is no number.
    #[must_use]
    pub fn take() -> Self {
        let fresh = || RandomState::new().build_hasher().finish();
        let seed = env::var(SEED).map_or_else(
            |_| fresh(),
            |text| text.parse().expect("BESEDA_SEED is a number"),
        );
        println!("{SEED}={seed}");
        Self::from(seed)
    }

    /// A source of its own for one task, so that tasks do not disturb each other's choices.
    #[must_use]
    pub fn branch(&self) -> Self {
        Self::from(self.with(|rng| rng.next_u64()))
    }

    /// A number below `end`; 0 for an empty range.
    #[must_use]
    pub fn below(&self, end: usize) -> usize {
        if end == 0 {
            0
        } else {
            self.with(|rng| rng.random_range(0..end))
        }
    }

    /// True once in `of` times.
    #[must_use]
    pub fn one_in(&self, of: usize) -> bool {
        self.below(of) == 0
    }

    /// A UUID, for the ids that callers make.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.with(RngExt::random)).into_uuid()
    }

    /// Shuffles.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }

    fn with<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl From<u64> for Seed {
    fn from(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}
