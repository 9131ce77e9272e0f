//! With this a connector is its channel's protocol and nothing else.
//!
//! A connector brings what people write in a channel to Beseda's hub and takes what employees answer. Implement [`Channel`]:
//! what the connector can do ([`Channel::manifest`]), how a connection is opened from its settings ([`Channel::open`]), how the
//! channel is listened to ([`Channel::listen`]) and how a message is sent ([`Channel::send`]). Then [`Connector::start`] does
//! the rest, for ever and through every restart of the hub:
//!
//! - registers the manifest, watches the connections, opens those that are switched on and closes those that are changed;
//! - brings events in batches and repeats them until they are stored ([`Inbound::publish`]): it returns when the channel may be
//!   told that they have arrived. The hub knows an event by its id, so a repetition does no harm;
//! - fetches files of messages within bounds and without holding up other chats ([`Inbound::bring`]);
//! - takes deliveries under leases, in order within a chat and side by side between chats, renews the leases of those that take
//!   long, and reports what became of each until the hub has it. What may be in the channel already is not sent twice, unless
//!   the channel can tell ([`Channel::KNOWS_REPEATED`]);
//! - tells administrators how each connection is ([`Trouble`]).
//!
//! The tutorial is docs/connectors.md. Whoever calls the hub in other ways as well, as the online chat does for its visitors, has it
//! in [`Hub`].

mod backoff;
mod channel;
mod connector;
mod deliveries;
mod file;
mod health;
mod hub;
mod intake;
mod lines;
mod media;
mod repair;
mod reports;

pub use backoff::{Backoff, jittered};
pub use channel::{Channel, Connection, Outcome, Outgoing, Trouble};
pub use connector::Connector;
pub use file::{File, Unfetched};
pub use hub::{Error, Hub, News};
pub use intake::{Arrival, Brought};
pub use lines::{Inbound, Lines, Open};
pub use media::{Download, Upload, UploadError, UploadPart, Wanted, any_media};
pub use repair::repaired;

/// The contract that connectors speak.
pub use api::connector::v1 as proto;
/// Files, baskets and states, which the contract shares with others.
pub use api::conversations::v1 as conversations;
