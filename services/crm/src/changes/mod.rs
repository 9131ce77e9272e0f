//! Changes: the rights asked, the change, its timeline and its event, all in one transaction.
//!
//! The event is handed back: appending it is the last act of the transaction, after the answer has been kept.

pub mod calls;
pub mod cards;
pub mod events;
pub mod fields;
pub mod merge;
pub mod pipelines;
mod references;
pub mod rules;
pub mod tags;
pub mod tasks;
pub mod unsorted;
