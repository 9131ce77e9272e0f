//! sync as a service, on a real PostgreSQL and Redis.

mod amo;
mod erasure;
