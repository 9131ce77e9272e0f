//! The figures, a file each.

pub mod badges;
pub mod cabinet;
pub mod channels;
pub mod checks;
pub mod deals;
pub mod edge;
pub mod fanout;
pub mod footprint;
pub mod ingest;
pub mod list;
pub mod revocation;
pub mod rights;
pub mod rules;
pub mod search;
pub mod skeleton;
pub mod streams;
pub mod tax;
