//! The gRPC services. Each operation is one file: authorise, validate, domain and store, reply.

pub mod embedding;
pub mod online_chats;
pub mod status;
pub mod visitors;
