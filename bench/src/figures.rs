//! The figures, a file each.

pub mod edge;
pub mod footprint;
pub mod ingest;
pub mod list;
pub mod rights;
pub mod skeleton;
pub mod streams;
