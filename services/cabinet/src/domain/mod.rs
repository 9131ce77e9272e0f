//! The rules: no I/O.

pub mod code;
pub mod erasure;
pub mod logo;
pub mod session;
pub mod settings;
pub mod shown;
pub mod text;
