//! The rights matrix between the wire and [`access`].
//!
//! - A request is read strictly ([`subject`], [`rules`]): everything that does not fit is named.
//! - A snapshot of an account ([`read_account`]) comes from identity, which may be newer than its reader: what is unknown is
//!   read as the least right, so that no version gives more than was set.

mod answer;
mod request;
mod snapshot;
mod words;

pub use answer::{effective, rights, subject_to_proto};
pub use request::{MAX_RULES, field, rules, subject};
pub use snapshot::{InvalidSnapshot, read_account, write_account};
pub use words::{action, source_to_proto};
