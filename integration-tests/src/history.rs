//! What callers did, what they were told and what they saw: kept on the callers' side, so that no service can forget it.

mod check;

use std::collections::{BTreeMap, BTreeSet};

pub use check::{Violation, check};

/// A whole run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Everything that clients tried to write, in the order in which each submitter did.
    pub submissions: Vec<Submission>,
    /// Calls that were refused although they were right, for a reason that no fault explains.
    pub refusals: Vec<String>,
    /// What `Publish` and the like answered, each time they answered.
    pub acks: Vec<Seen>,
    /// The conversations that somebody asked to close.
    pub closes: BTreeSet<String>,
    /// What each watcher was told was added, in its order, over all its streams.
    pub watched: Vec<Vec<Seen>>,
    /// How often a watcher was told that changes were lost to its stream, although it read as fast as they came.
    pub resets: usize,
    /// What the lists held at the end: every message of every conversation.
    pub listed: Vec<Seen>,
    /// Every conversation of the account at the end.
    pub conversations: Vec<Conversation>,
    /// What employees were told was accepted for sending.
    pub answers: Vec<Answered>,
    /// What passed between the hub and the connector, in the connector's order.
    pub wire: Vec<Wire>,
    /// For each visitor: the answers seen in the chat window.
    pub visitors: BTreeMap<String, Vec<Seen>>,
}

/// A message that a client submitted. Its text is unique in the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The channel's id of the chat, or the visitor.
    pub chat: String,
    /// The text: also how it is recognised.
    pub text: String,
    /// Whether the submitter waited for the answer before the chat's next message: then the order of the two is fixed.
    pub waited: bool,
}

/// A message as somebody was shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its text.
    pub text: String,
    /// "msg_…".
    pub message: String,
    /// "conv_…".
    pub conversation: String,
    /// Place in the chat.
    pub seq: i64,
    /// Whether a client wrote it.
    pub from_client: bool,
}

/// A conversation at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// "conv_…".
    pub id: String,
    /// Its number.
    pub number: i64,
    /// "chat_…".
    pub chat: String,
    /// Open?
    pub open: bool,
}

/// An employee's message that was accepted for sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// "msg_…".
    pub message: String,
    /// Its text.
    pub text: String,
    /// Whether it goes to the strict connector of the test, which records what it was given.
    pub to_connector: bool,
    /// The visitor it goes to, where it goes to one.
    pub to_visitor: Option<String>,
}

/// One step between the hub and the connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wire {
    /// The connector was given something to send.
    Given {
        /// "dlv_…".
        delivery: String,
        /// "msg_…".
        message: String,
        /// The channel's id of the chat.
        chat: String,
        /// Place in the chat.
        seq: i64,
        /// What to send.
        text: String,
    },
    /// The connector is about to report it as sent.
    Reporting {
        /// "dlv_…".
        delivery: String,
    },
    /// The hub took the report.
    Reported {
        /// "dlv_…".
        delivery: String,
    },
}

#[cfg(test)]
mod tests;
