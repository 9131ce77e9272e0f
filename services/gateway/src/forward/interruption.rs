//! What the caller is told when a service breaks off.

use std::time::Duration;

use h2::Reason;
use kit::Refusal;

use crate::sampled;

/// After how long a call to an unreachable service is worth repeating.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// The refusal for a broken stream or connection. Thousands of calls may break at once: the log gets a sample.
pub(super) fn refusal(service: &'static str, error: &h2::Error) -> Refusal {
    let lost =
        error.is_io() || error.is_go_away() || error.reason() == Some(Reason::REFUSED_STREAM);
    if lost {
        sampled!("a connection to a service was lost with calls on it", service, %error);
        return Refusal::service_unreachable(RETRY);
    }
    sampled!("a service broke off a call", service, %error);
    Refusal::defect()
}
