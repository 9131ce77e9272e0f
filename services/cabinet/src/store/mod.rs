//! The SQL.

pub mod cabinets;
pub mod clients;
pub mod logos;
