//! What happens by itself.

mod employees;
mod portals;
mod process;
mod prune;
mod work;

use std::sync::Arc;

use kit::lifecycle::Lifecycle;

use crate::core::Core;

#[cfg(test)]
mod tests;

pub use employees::synchronise;

/// Starts it.
pub fn spawn(core: &Arc<Core>, life: &Lifecycle) {
    work::spawn(core, life);
    employees::spawn(core, life);
    portals::spawn(core, life);
    prune::spawn(core, life);
}
