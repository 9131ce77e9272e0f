//! What the hub's refusals mean for a visitor.

use std::time::Duration;

use api::error::v1::ErrorReason;
use kit::Refusal;
use kit::refusal::reason_of;
use tonic::{Code, Status};
use types::OnlineChatId;

/// A call that failed: a visitor knows nothing of connections and connectors.
#[must_use]
pub fn of_call(status: Status) -> Refusal {
    match status.code() {
        Code::Unavailable if reason_of(&status) == Some(ErrorReason::StoreUnavailable) => {
            Refusal::store_unavailable(status)
        }
        // A token of ours that just ran out, or identity away for a moment: repeating helps.
        Code::Unavailable | Code::Unauthenticated => Refusal::service_unavailable(status),
        Code::ResourceExhausted => Refusal::overloaded(Duration::from_secs(1)),
        // tonic's client reports its own deadline as a cancellation.
        Code::DeadlineExceeded | Code::Cancelled => Refusal::deadline(),
        Code::Aborted => Refusal::conflict(),
        // The hub gives a reason with everything it refuses: without one the connection broke under the call.
        Code::Unknown | Code::Internal if reason_of(&status).is_none() => {
            Refusal::service_unavailable(status)
        }
        Code::Ok
        | Code::Unknown
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss => Refusal::internal(status),
    }
}

/// An event that was refused, by the name of its reason.
#[must_use]
pub fn of_event(reason: &str, online_chat: OnlineChatId) -> Refusal {
    let known = ErrorReason::from_str_name(&format!("ERROR_REASON_{reason}"));
    match known {
        // Whatever switched it off, for the visitor it is off.
        Some(ErrorReason::ConnectionDisabled | ErrorReason::ImboxDisabled) => {
            Refusal::online_chat_disabled(online_chat)
        }
        // What the hub will never take must not look like a bad moment: browsers would bring it for ever.
        Some(ErrorReason::ChatBlocked) => Refusal::chat_blocked(online_chat),
        Some(ErrorReason::FieldInvalid) => Refusal::field("text", "is not taken by the hub"),
        _ => Refusal::internal(anyhow::anyhow!(
            "the hub refused a visitor's event: {reason}"
        )),
    }
}
