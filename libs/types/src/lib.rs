//! Small pure values that every crate shares: typed ids, the clock, languages, roles.
//!
//! An id is a newtype over a UUIDv7. In the database it is a `uuid`; on the wire and in logs it is a TypeID: a prefix
//! that names the kind, an underscore, and the UUID in 26 letters of Crockford's base32 ("conv_01h455vb4pex5vsknk084sn02q").
//! One alphabetical list in [`ids`] makes them all. Nothing here does I/O.

mod base32;
mod clock;
pub mod file;
mod ids;
mod language;
pub mod phone;
mod role;

pub use clock::Clock;
pub use ids::*;
pub use language::Language;
pub use role::Role;
