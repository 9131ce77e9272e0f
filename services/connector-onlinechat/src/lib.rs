//! The online chat: a connector whose channel is a window on a web page.
//!
//! - [`grpc::online_chats`]: administrators make online chats, say where they are placed and take the embed code.
//! - [`grpc::visitors`]: browsers write and read. Messages live in conversations' hub and nowhere else; here are only the
//!   online chats' settings and how visitors come back.
//! - [`hub`]: the standing connection to the hub. [`live`]: streams to browsers, woken through Redis.
//! - [`app`]: the wiring.

pub mod app;
mod config;
mod crm;
pub mod domain;
mod erasure;
pub mod grpc;
pub mod hub;
mod jobs;
pub mod limits;
pub mod live;
mod memory;
mod state;
mod store;

pub use app::App;
pub use config::Config;
pub use limits::{Limits, Rate};

/// The migrations of schema `onlinechat`.
pub static MIGRATIONS: pg::Migrations = pg::Migrations {
    service: "connector-onlinechat",
    schema: "onlinechat",
    role: "beseda_onlinechat",
    migrator: sqlx::migrate!("./migrations"),
};
