//! The suite from outside.
