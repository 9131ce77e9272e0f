//! The SQL of schema `onlinechat`: plain functions on a transaction, a file an aggregate.
//!
//! Employees' calls run under their account's scope, visitors' calls under the system's: a visitor proves an account only
//! by the very row that is looked for. Every statement names the account all the same.

pub mod erasure;
mod landing;
pub mod online_chats;
pub mod visitors;
