//! Places that every store has: the outbox, its copies in Redis, kept answers, parked events.

mod answers;
mod outbox;
mod parked;
mod streams;

pub use answers::answers;
pub use outbox::outbox;
pub use parked::parked;
pub use streams::streams;

/// Rows of a part.
const PAGE: i64 = 500;
