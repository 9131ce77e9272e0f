//! Events: how one service learns what happened in another, each event once and in order, whatever is killed meanwhile.
//!
//! The truth is the outbox in the service's own PostgreSQL ([`append`], the last act of a transaction). A [`mod@relay`] copies
//! it into Redis Streams, where an entry's id is the event's position: copying twice changes nothing. A [`Reader`] follows
//! the streams and, wherever a position is missing (Redis was flushed, killed, or is away), reads from the owner
//! ([`Source`]). So Redis only makes it fast; it may be lost at any moment.
//!
//! On top of a reader: [`consume`] for effects that must happen once (the position moves in the transaction of the effect),
//! and live streams, which begin at the newest position.
//!
//! Shards are by account: an account's events have one order, and a live cursor is one shard and position.

mod carrier;
mod consumer;
mod outbox;
mod reader;
mod relay;
mod service;
mod source;

pub use carrier::Carrier;
pub use consumer::{Effect, Failure, consume};
pub use outbox::{Columns, NewEvent, Place, append, positions, read, rotate};
pub use reader::{Batch, Reader};
pub use relay::{Waker, relay};
pub use service::EventLog;
pub use source::{LocalSource, RemoteSource, Source};

use types::AccountId;

/// How many shards every outbox has. Changing it would move accounts between shards: never.
pub const SHARDS: u16 = 64;

/// The shard of an account's events.
#[must_use]
pub fn shard_of(account: AccountId) -> u16 {
    // The last bytes of a UUIDv7 are random; those of another version are at least as good as a hash of it.
    let bytes = account.uuid().into_bytes();
    u16::from(bytes[15]) % SHARDS
}

/// An event as it is carried.
pub use api::events::internal::v1::Event;

/// The newest position of each shard.
pub type Positions = [i64; SHARDS as usize];
