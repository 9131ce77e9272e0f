//! Is the gateway ready for calls?

use std::fmt::Write as _;

use crate::router::Backends;

/// Ready when every service is connected; the text names each.
#[must_use]
pub fn readiness(backends: &Backends) -> (bool, String) {
    let mut text = String::new();
    let mut ready = true;
    for backend in backends.all() {
        ready &= backend.is_up();
        let state = if backend.is_up() {
            "connected"
        } else {
            "not connected"
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}: {state}", backend.name());
    }
    (ready, text)
}
