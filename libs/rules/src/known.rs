//! What is known of the client who writes.

use serde::{Deserialize, Serialize};

/// The state that a plan starts from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Known {
    /// The client's contact; `None`: the client is unknown.
    pub contact: Option<Contact>,
    /// Their deals on no final stage, the last changed first.
    pub open_deals: Vec<OpenDeal>,
    /// Has the client an open task that this integration made?
    pub open_task: bool,
    /// Contact of the chat.
    pub chat_contact: Option<String>,
    /// The deal or customer in which the conversation is conducted.
    pub chat_card: Option<String>,
    /// The deal that the conversation's unsorted record became.
    pub record_deal: Option<String>,
    /// Was a record made for this very message?
    pub has_record: bool,
}

/// A contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Its id.
    pub id: String,
    /// The employee who is named in its card.
    pub responsible: String,
}

/// A deal on no final stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDeal {
    /// Its id.
    pub id: String,
    /// Its pipeline.
    pub pipeline: String,
}
