//! Calls through the gateway: a bearer token on each, a reason from each refusal.

use std::time::Duration;

use api::error::v1::ErrorReason;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

/// How long a call may take before its caller gives up. Generous: it ends a hang, it measures nothing.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// A channel that connects when it is used, and again after the other side was killed.
///
/// # Panics
/// When `address` is no URL.
#[must_use]
pub fn channel(address: &str) -> Channel {
    Endpoint::from_shared(address.to_owned())
        .expect("an address")
        .connect_timeout(Duration::from_secs(3))
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(5))
        .keep_alive_timeout(Duration::from_secs(5))
        .connect_lazy()
}

/// A unary call with a token; without one when it is empty.
///
/// # Panics
/// When the token cannot stand in a header.
#[must_use]
pub fn with_token<T>(token: &str, message: T) -> Request<T> {
    let mut request = stream_with_token(token, message);
    request.set_timeout(PATIENCE);
    request
}

/// A call that opens a stream: it has no deadline.
///
/// # Panics
/// When the token cannot stand in a header.
#[must_use]
pub fn stream_with_token<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if !token.is_empty() {
        let value = format!("Bearer {token}")
            .parse()
            .expect("a token of plain characters");
        request.metadata_mut().insert("authorization", value);
    }
    request
}

/// The reason that a refusal carries.
///
/// # Panics
/// When it carries none: then it is no refusal of Beseda's.
#[must_use]
pub fn reason(status: &Status) -> ErrorReason {
    kit::refusal::reason_of(status)
        .unwrap_or_else(|| panic!("a refusal without a reason: {status:?}"))
}

/// Code and reason of a call that has to be refused.
///
/// # Panics
/// When it was not.
pub fn refused<T>(answer: Result<T, Status>) -> (Code, ErrorReason) {
    match answer {
        Ok(_) => panic!("the call was not refused"),
        Err(status) => (status.code(), reason(&status)),
    }
}

/// Whether the same call may succeed when it is made again: what a fault does to a call. Anything else that comes back
/// from a well-formed call is a defect.
#[must_use]
pub fn is_passing(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Aborted | Code::Cancelled => true,
        Code::ResourceExhausted => kit::refusal::reason_of(status) != Some(ErrorReason::TooLarge),
        // A connection that broke under a call, as the client library words it.
        Code::Unknown | Code::Internal => kit::refusal::reason_of(status).is_none(),
        _ => false,
    }
}
