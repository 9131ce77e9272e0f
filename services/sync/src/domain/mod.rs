//! The service's rules beside those of `libs/rules`: no I/O.

pub mod client;
pub mod fault;
pub mod integration;
pub mod midnight;
pub mod portal;
pub mod run;
pub mod said;
