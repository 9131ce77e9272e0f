//! The suite from outside: one binary, so that one build serves all.

mod browser;
mod faults;
mod main_path;
mod security;
