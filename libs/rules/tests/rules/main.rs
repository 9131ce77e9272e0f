//! The rules against the decision tables, and against the laws that hold for all settings.

mod choices;
mod laws;
mod table;
mod world;
