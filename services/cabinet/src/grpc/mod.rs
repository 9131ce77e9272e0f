//! The gRPC services. Each operation is one file: authorise, validate, domain and store, reply.

pub mod page;
pub mod sessions;
pub mod settings;
