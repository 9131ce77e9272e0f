//! Erasing a client's personal data: the contacts lose what is personal, and texts of the cards around them lose the values where they
//! occur. Cards, links and entries stay.

mod contact;
mod find;
mod recordings;
mod related;
mod texts;
mod unsorted;

pub use contact::contact;
pub use find::find;
pub use recordings::recordings;
pub use related::{around, related};
pub use unsorted::unsorted;

use erasure::{Found, Job, Kind};
use serde_json::Value as Json;

/// Fields of a contact that are personal as a whole, and what they hold.
const PERSONAL: [(&str, Kind); 5] = [
    ("name", Kind::Name),
    ("phones", Kind::Phone),
    ("emails", Kind::Email),
    ("addresses", Kind::Address),
    ("messengers", Kind::MessengerName),
];

/// What is personal as a whole goes whatever it holds; who only looks counts what holds one of the values.
fn counts(job: &Job, holds: bool, found: &Found) -> bool {
    if job.erases() {
        holds
    } else {
        !found.is_empty()
    }
}

/// Which values JSON contains.
fn found_in(job: &Job, json: &Json) -> Found {
    let mut found = Found::new();
    job.sieve.clean_json(&mut json.clone(), &mut found);
    found
}
