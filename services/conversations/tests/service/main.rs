//! The service through its gRPC interface, on real PostgreSQL and Redis. Identity is another service of ours: here stands a
//! strict double of it; the suite in `integration-tests` runs the real one.

mod accounts;
mod attachments;
mod conformance;
mod connection_settings;
mod connections;
mod connector_sdk;
mod counters;
mod deliveries;
mod desk;
mod equality;
mod erasure;
mod export;
mod faults;
mod filter_counts;
mod filters;
mod happenings;
mod history;
mod imports;
mod inbox;
mod merges;
mod notifications;
mod nps;
mod publish;
mod quarantine;
mod replicas;
mod rights;
mod schema;
mod search;
mod search_chats;
mod search_rebuild;
mod templates;
mod visibility;
mod watch_connections;
mod window;
mod world;
