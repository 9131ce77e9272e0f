//! The edge: one port for gRPC over HTTP/2, gRPC-Web and HTTP.
//!
//! What a call meets, in this order:
//!
//! 1. [`listener`]: connections, their protocol, their limits, their end.
//! 2. [`edge`]: what came over the wire becomes a [`call::Call`]; headers that only we may set are dropped.
//! 3. [`layers`]: request id, trace, limits, CORS, authentication, rate limit. Each with its reason.
//! 4. [`router`]: by package to a service ([`forward`]), to the gateway's own health and reflection ([`here`]), or to a
//!    page ([`pages`]).
//!
//! gRPC is forwarded as frames: nothing is decoded, so a service can change its messages without this program knowing.
//! The gateway keeps nothing: any number of replicas may run.

pub mod api_keys;
pub mod body;
pub mod call;
pub mod config;
pub mod edge;
pub mod forward;
pub mod frames;
pub mod here;
pub mod layers;
pub mod listener;
pub mod pages;
pub mod rate;
pub mod refusals;
pub mod router;
pub mod rpcs;
pub mod sampled;
pub mod web;

mod admin;
mod app;

pub use app::App;
pub use config::{Config, Limits, Rate, Rates, Tls};
