//! Telegram: a connection is a bot, its chats are who writes to it.
//!
//! - [`domain`]: what an update tells, and into which calls a message is cut; without I/O.
//! - [`bot`]: the Bot API, as far as it is needed here. The token is part of every address: no address is ever logged.
//! - [`channel`]: a bot as a channel of `libs/connector`. Updates are asked for by long polling or come by webhook, as the
//!   connection's settings say. An update is confirmed to Telegram only when the hub has stored what it tells, and the hub knows
//!   each by an id that Telegram gives: this service keeps nothing, so nothing is lost or doubled when it is killed.
//! - [`hooks`]: Telegram's calls, which the gateway passes on.
//! - [`app`]: the wiring.

pub mod app;
pub mod bot;
pub mod channel;
mod config;
pub mod domain;
pub mod hooks;

pub use app::App;
pub use config::Config;
