//! How stores erase a client's personal data, and prove that it is gone (CAB-25 … CAB-38, A-23).
//!
//! Every service that keeps data of clients is a [`Store`]: it says what it knows of a person, erases it part by part, and looks whether
//! anything is left. [`StoreService`] is the gRPC side of all of them. Erasing and looking are one walk through the same places, with
//! another [`Mode`], so that a place cannot be cleaned and not be looked at.
//!
//! What is the person's own (name, numbers, addresses) is removed by the store. Texts of others stay, and a [`Sieve`] takes out the
//! removed values where they occur in them. A sieve is made of the values, or of their salted digests when the values are gone.
//!
//! A new store: a table of [`ledger`] (`sql/erasures.sql`), a [`Store`], a [`StoreService`] in its server, its address in `cabinet`'s
//! settings, its row in docs/erasure.md.

mod digest;
mod ledger;
mod messages;
pub mod parts;
mod person;
mod service;
mod sieve;
mod store;
mod tally;
mod words;

pub use digest::{Digest, Salt};
pub use messages::{Payloads, clean_message};
pub use person::{Kind, Person, Value};
pub use service::StoreService;
pub use sieve::{Found, MASK, Sieve};
pub use store::{At, Job, Mode, Step, Store};
pub use tally::{Removed, Tally};
