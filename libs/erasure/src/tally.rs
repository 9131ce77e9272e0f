//! What was removed from each place of a store.

use std::collections::BTreeMap;

use api::erasure::internal::v1 as wire;
use serde::{Deserialize, Serialize};

use crate::sieve::Found;

/// What was removed from a place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Rows, entries or files.
    pub count: u64,
    /// Which of the person's values.
    pub values: Found,
}

/// What was removed, by place; and how much was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    places: BTreeMap<String, Removed>,
    #[serde(skip)]
    looked_at: u64,
}

impl Tally {
    /// Adds a row, entry or file.
    pub fn add(&mut self, place: &str, values: &Found) {
        let removed = self.places.entry(place.to_owned()).or_default();
        removed.count += 1;
        removed.values.extend(values);
    }

    /// Adds that so much was looked at.
    pub fn look(&mut self, count: usize) {
        self.looked_at += count as u64;
    }

    /// What was removed, by place.
    #[must_use]
    pub fn places(self) -> BTreeMap<String, Removed> {
        self.places
    }

    /// How much was looked at.
    #[must_use]
    pub fn looked_at(&self) -> u64 {
        self.looked_at
    }

    /// Adds another.
    pub fn merge(&mut self, other: &Self) {
        self.looked_at += other.looked_at;
        for (place, removed) in &other.places {
            let mine = self.places.entry(place.clone()).or_default();
            mine.count += removed.count;
            mine.values.extend(&removed.values);
        }
    }

    /// As the contract carries it.
    #[must_use]
    pub fn to_wire(&self) -> Vec<wire::RemovedData> {
        let places = self.places.iter();
        places
            .map(|(place, removed)| wire::RemovedData {
                place: place.clone(),
                count: i64::try_from(removed.count).unwrap_or(i64::MAX),
                values: removed.values.iter().copied().collect(),
            })
            .collect()
    }
}
