//! The search index: the tables of accounts' data without row-level security, which keeps PostgreSQL from using an index of
//! texts. Nobody but this module names them, and what they answer with are ids and places, which the caller reads again from the
//! guarded tables.
//!
//! An account's messages stand in it in the order in which they were indexed, in blocks of [`BLOCK`] places. A search looks into
//! block after block, the newest first, so that a word of every message and a word of none cost about the same.

pub mod chats;
mod feed;
mod find;
pub mod rebuild;

use types::AccountId;

pub use feed::{At, feed, lock};
pub use find::{Span, find, indexed_until, newest};

/// Name of the consumer that feeds the index.
pub const CONSUMER: &str = "search";

/// Places of a block.
pub const BLOCK: i64 = 8192;

/// The id of the block that holds a place. It is the account's alone: two accounts share one as rarely as hashes of 64 bits meet,
/// and then each statement still names the account.
fn block(account: AccountId, epoch: i32, place: i64) -> i64 {
    let mut key = account.uuid().as_bytes().to_vec();
    key.extend(epoch.to_be_bytes());
    key.extend((place / BLOCK).to_be_bytes());
    let hash = kit::secrets::sha256(&key);
    hash.iter()
        .take(8)
        .fold(0, |id, byte| id << 8 | i64::from(*byte))
}
