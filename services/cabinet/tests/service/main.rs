//! The cabinet with the real crm behind it.

mod settings;
mod world;
