//! The client's cabinet: clients of an account log in by a code in an SMS and see their own deals.
//!
//! - [`grpc::settings`]: administrators say what clients see. [`grpc::sessions`]: clients come in and leave.
//! - [`grpc::client`]: what they see and write. [`hub`]: the correspondence, a channel of its own in conversations.
//! - [`codes`]: making and trying codes. [`sms`]: how they go out.
//! - [`domain`]: the rules. [`store`]: the SQL.
//! - [`app`]: the wiring.
//!
//! A client is a telephone number, proved by a code. A session opens the deals of all contacts of the account that carry exactly
//! this number, and nothing else: which data a call is about comes from the session, never from an id in a request alone.

mod accounts;
pub mod admin;
pub mod app;
pub mod codes;
mod config;
mod crm;
pub mod domain;
pub mod erasure;
pub mod grpc;
pub mod hub;
mod jobs;
pub mod limits;
mod memory;
pub mod sms;
mod state;
pub mod store;

pub use app::App;
pub use config::Config;
pub use limits::Limits;

/// The migrations of schema `cabinet`.
pub static MIGRATIONS: pg::Migrations = pg::Migrations {
    service: "cabinet",
    schema: "cabinet",
    role: "beseda_cabinet",
    migrator: sqlx::migrate!("./migrations"),
};
