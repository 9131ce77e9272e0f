//! Lines of channels.

use time::OffsetDateTime;
use types::{AccountId, ConnectionId};

use super::settings::Object;

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

/// What the connector has to know of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// All but the secrets.
    pub plain: Object,
    /// The secrets as a JSON object, sealed; empty without any.
    pub sealed: Vec<u8>,
    /// Names of the secrets that are set.
    pub secret_names: Vec<String>,
}

/// Whether a connection works, as its connector says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It works.
    Working,
    /// It does not for now.
    Disturbed,
    /// It does not until somebody changes something.
    Broken,
}

/// How a connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Working or not.
    pub state: State,
    /// What is wrong and what to do.
    pub text: String,
    /// Since when the state is this one.
    pub since: OffsetDateTime,
}

/// A connection is other than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthNews {
    /// Its account.
    pub account: AccountId,
    /// Which one.
    pub connection: ConnectionId,
    /// How it was, if anything was known.
    pub previous: Option<State>,
    /// How it is.
    pub health: Health,
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
    pub create_time: OffsetDateTime,
    /// What the connector has to know.
    pub settings: Settings,
    /// What the connector last said of it.
    pub health: Option<Health>,
    /// Is it part of the account's subscription (CHW-37)?
    pub in_subscription: bool,
}
