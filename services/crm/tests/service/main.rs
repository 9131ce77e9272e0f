//! crm through gRPC, on a real PostgreSQL and Redis.

mod access;
mod calls;
mod cards;
mod erasure;
mod events;
mod fields;
mod internal;
mod lists;
mod merge;
mod own_fields;
mod pipelines;
mod rights;
mod rules;
mod schema;
mod tags;
mod tasks;
mod timeline;
mod unsorted;
mod world;
