//! amoCRM: portals, and what becomes of requests there, against a double that is as strict as amoCRM.

mod cards;
mod fake;
mod faults;
mod limits;
mod office;
mod portals;
mod settings;
mod tokens;
