//! The service through its gRPC interface, on real PostgreSQL and Redis. Identity and the hub are other services of ours:
//! here stand strict doubles of them; the suite in `integration-tests` runs the real ones.

mod conformance;
mod files;
mod hub;
mod landing;
mod live;
mod looks;
mod online_chats;
mod sessions;
mod strangers;
mod visitors;
mod world;
