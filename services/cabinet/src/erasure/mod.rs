//! Erasing a client's data in all services (CAB-25 … CAB-38).
//!
//! A confirmed erasure is a row; its steps are taken by whichever replica has it on lease: find who the client is, erase in each store,
//! look whether anything is left in each. Each step is written down after it was done, and done twice it changes nothing: killed anywhere
//! and begun again, it ends the same. Two browsers that erase at once make one erasure.
//!
//! While it runs, the values are sealed with the master key. Afterwards only their salted digests are left: the receipt. By those a
//! later check finds out whether one of them is there again, for example from a backup.

mod audit;
mod begin;
mod own;
mod run;
mod stores;

pub use begin::{Beginning, Subject, begin, subject_of};
pub use run::{Eraser, run};
pub use stores::{StoreAt, Stores};
