//! Events that were refused for good, and are kept.

use time::OffsetDateTime;
use types::{AccountId, ConnectionId, QuarantinedEventId};

/// Events of an account that are kept at most.
pub const MOST: i64 = 10_000;

/// How long one is kept.
pub const KEPT: time::Duration = time::Duration::days(90);

/// Why an event was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// A name of ErrorReason without prefix.
    pub reason: String,
    /// Which fields did not fit.
    pub details: String,
}

/// An event that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Its id, by which later ones sort after earlier ones.
    pub id: QuarantinedEventId,
    /// Account.
    pub account: AccountId,
    /// Connection.
    pub connection: ConnectionId,
    /// That connection's connector.
    pub connector_key: String,
    /// The channel's id of the chat, as far as it is one.
    pub chat: String,
    /// What tells events of the connection apart.
    pub key: String,
    /// The event, encoded.
    pub event: Vec<u8>,
    /// Why it was refused the last time.
    pub cause: Cause,
    /// How often it was refused.
    pub refusals: i32,
    /// When it first came.
    pub create_time: OffsetDateTime,
    /// When it was last refused.
    pub refuse_time: OffsetDateTime,
}
