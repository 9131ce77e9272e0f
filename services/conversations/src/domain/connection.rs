//! Lines of channels.

use types::{AccountId, ConnectionId};

/// How the requests of one client become conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// One open conversation; a message after it was closed begins a new one.
    NewAfterClose,
    /// One conversation for all (ONL-06); a message after it was closed opens it again.
    OneActive,
    /// The client keeps several apart by thread (ONL-07).
    Multiple,
}

/// A line of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Its account.
    pub account: AccountId,
    /// The connector that serves it.
    pub connector_key: String,
    /// The connector's own id for it.
    pub external_id: String,
    /// Name for employees.
    pub title: String,
    /// How requests become conversations.
    pub mode: Mode,
    /// Off: nothing is accepted and nothing is sent.
    pub enabled: bool,
    /// Grows with every change.
    pub version: i64,
    /// When it was added.
    pub create_time: time::OffsetDateTime,
}
