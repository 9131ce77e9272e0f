//! The conformance program behind `beseda conformance`: does a connector, in whatever language, keep what the contract of
//! connectors asks for, and does a hub?
//!
//! - [`connector::check`] plays the hub. It is a strict one, and one that has bad days: it loses answers, is slow, full or away,
//!   takes leases back, hands the same delivery out twice, breaks files off. The connector runs for real; what clients write and
//!   see is the channel's side ([`Channel`]): a folder, a program that speaks lines of JSON, or a double of a provider.
//! - [`against_hub::check`] plays the connector, and the employees who answer, against a running hub.
//!
//! Both give a [`Report`]. docs/connectors.md says how to run them.

pub mod against_hub;
mod channel;
pub mod connector;
mod hub;
mod report;
mod subject;

pub use channel::{Abilities, Channel, File, Folder, Program, Received, Written};
pub use hub::{Credentials, Hub, Options};
pub use report::{CaseReport, Failure, Report, Verdict};
pub use subject::{Command, Elsewhere, Subject};
