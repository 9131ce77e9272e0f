//! The gRPC services. Each operation is one file: authorise, validate, domain and store, reply.

pub mod client;
pub mod erasure;
pub mod page;
pub mod providers;
pub mod sessions;
pub mod settings;
