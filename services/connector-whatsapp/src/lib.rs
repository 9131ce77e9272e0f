//! WhatsApp over the Cloud API: a connection is a business number, its chats are who writes to it.
//!
//! - [`domain`]: what a webhook tells, how a message is put for the Cloud API, and what its errors mean; without I/O.
//! - [`graph`]: the Cloud API, as far as it is needed here. The token goes in a header, never in an address.
//! - [`channel`]: a number as a channel of `libs/connector`. A message carries the id of its delivery as opaque data, which every
//!   status of it repeats: so a message whose answer was lost is never sent twice, and what became of it is known all the same.
//! - [`hooks`]: WhatsApp's calls, which the gateway passes on. A call is answered when the hub has stored what it tells: this service
//!   keeps nothing, so nothing is lost or doubled when it is killed.
//! - [`clients`]: who is registered in WhatsApp, where the provider can say it.
//! - [`app`]: the wiring.

pub mod app;
pub mod channel;
pub mod clients;
mod config;
pub mod domain;
pub mod graph;
pub mod hooks;

pub use app::App;
pub use config::Config;
