//! Messages on their way to connectors.
//!
//! Whoever changes a delivery locks its chat first, with one exception: handing out ([`take()`]) locks nothing but the rows it
//! takes and passes over locked ones, and then the buckets of their connections, in one order: whoever waits for a bucket waits for another
//! look at the queue, which waits for nothing. So nobody can wait in a circle.

mod insert;
mod report;
mod take;

pub use insert::insert;
pub use report::{Locked, conversations_of, find, lock_chats, locked, mark_read, store, waiting};
pub use take::{Leased, Taken, Taker, give_back, take};
