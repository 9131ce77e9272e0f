//! What every service starts with, so that a service's own crate is about its subject only.
//!
//! - [`refusal`]: the one way an error becomes a gRPC status, with reason, details and a text in the caller's language.
//! - [`validate`], [`page`], [`time`], [`json`]: request fields, page tokens, timestamps, settings.
//! - [`lifecycle`]: start, drain, stop. [`server`]: the gRPC server with its layers. [`telemetry`]: logs, traces, metrics.
//! - [`secrets`]: the master key, sealed values, unguessable tokens.

pub mod channel;
pub mod json;
pub mod language;
pub mod lifecycle;
pub mod page;
pub mod redis;
pub mod refusal;
pub mod secrets;
pub mod server;
pub mod telemetry;
pub mod time;
pub mod validate;

pub use channel::channel;
pub use refusal::{FieldViolation, Refusal};
