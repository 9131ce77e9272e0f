//! The client's cabinet: clients of an account log in by a code in an SMS and see their own deals.
//!
//! - [`grpc::settings`]: administrators say what clients see. [`grpc::sessions`]: clients come in and leave.
//! - [`domain`]: the rules. [`store`]: the SQL.
//! - [`app`]: the wiring.
//!
//! A client is a telephone number, proved by a code. A session opens the deals of all contacts of the account that carry exactly
//! this number, and nothing else: which data a call is about comes from the session, never from an id in a request alone.

mod accounts;
pub mod app;
mod config;
pub mod domain;
pub mod grpc;
mod jobs;
mod memory;
mod state;
pub mod store;

pub use app::App;
pub use config::Config;

/// The migrations of schema `cabinet`.
pub static MIGRATIONS: pg::Migrations = pg::Migrations {
    service: "cabinet",
    schema: "cabinet",
    role: "beseda_cabinet",
    migrator: sqlx::migrate!("./migrations"),
};
