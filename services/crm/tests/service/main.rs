//! crm through gRPC, on a real PostgreSQL and Redis.

mod cards;
mod events;
mod fields;
mod identity;
mod lists;
mod pipelines;
mod rights;
mod schema;
mod timeline;
mod world;
