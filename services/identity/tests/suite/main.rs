//! Identity through gRPC, on a real PostgreSQL and Redis.

mod access;
mod accounts;
mod api_keys;
mod app;
mod audit;
mod crm_widgets;
mod errors;
mod fields;
mod groups;
mod internal;
mod limits;
mod log_in;
mod refresh;
mod rights;
mod signing;
mod users;
