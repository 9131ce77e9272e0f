//! What happens in a channel besides messages.

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// The client changed a message.
    Edited {
        /// The event that brought it.
        of: String,
        /// The text as it is now.
        text: String,
        /// The client's name; empty when unknown.
        sender_name: String,
    },
    /// The client deleted a message.
    Deleted {
        /// The event that brought it.
        of: String,
    },
    /// The client let the line be written to, or no longer.
    Reachable(bool),
    /// The group has another name.
    Renamed {
        /// Its name.
        title: String,
    },
    /// The chat goes on under another id of the channel.
    Moved {
        /// The id.
        to: String,
    },
}
