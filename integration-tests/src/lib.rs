//! What the suite from outside stands on: the installation as real processes, actors that use its public API as anybody
//! would, load that records what was promised and what was seen, and a checker that compares the two.
//!
//! - [`Cluster`]: PostgreSQL, Redis and the four services, each a process of its own that may be killed.
//! - [`actors`]: administrators, employees, connectors, visitors; everything through the gateway.
//! - [`History`] and [`check`]: what callers were told and what they saw, and whether the two agree.
//! - [`load`]: actors at work while faults happen, with a history as the result.
//!
//! Functions here panic when something fails that a test did not ask for: that ends the test and says where.

pub mod actors;
pub mod browser;
pub mod calls;
mod cluster;
mod history;
pub mod http;
pub mod load;
pub mod raw;
pub mod sms;

pub use cluster::{Cluster, Service, Settings};
pub use history::{Answered, Conversation, History, Seen, Submission, Violation, Wire, check};
pub use testkit::{Seed, is_long};
