//! What the hub's refusals mean for a visitor.

use std::time::Duration;

use api::error::v1::ErrorReason;
use kit::Refusal;
use kit::refusal::{metadata_of, reason_of};
use tonic::{Code, Status};
use types::file::MAX_SIZE;
use types::{AttachmentId, OnlineChatId};

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

/// A file that was not taken in or not given out; `id` is empty for one that comes.
#[must_use]
pub fn of_file(status: Status, id: &str) -> Refusal {
    match reason_of(&status) {
        Some(ErrorReason::FileTooLarge) => Refusal::file_too_large(MAX_SIZE),
        Some(ErrorReason::FileTypeNotAllowed) => {
            Refusal::file_type_not_allowed(metadata_of(&status, "media_type").unwrap_or_default())
        }
        Some(ErrorReason::AttachmentNotFound) => Refusal::attachment_not_found(id),
        Some(ErrorReason::AttachmentNotReady) => Refusal::attachment_not_ready(id),
        // The hub alone knows how long a file is.
        Some(ErrorReason::FieldInvalid) => Refusal::field("offset", "must be less than the size"),
        _ => of_call(status),
    }
}

/// An event that was refused, by the name of its reason; `file` is the first one that it has.
#[must_use]
pub fn of_event(reason: &str, online_chat: OnlineChatId, file: Option<AttachmentId>) -> Refusal {
    let known = ErrorReason::from_str_name(&format!("ERROR_REASON_{reason}"));
    match (known, file) {
        // Whatever switched it off, for the visitor it is off.
        (Some(ErrorReason::ConnectionDisabled | ErrorReason::ImboxDisabled), _) => {
            Refusal::online_chat_disabled(online_chat)
        }
        // What the hub will never take must not look like a bad moment: browsers would bring it for ever.
        (Some(ErrorReason::ChatBlocked), _) => Refusal::chat_blocked(online_chat),
        (Some(ErrorReason::FieldInvalid), _) => Refusal::field("text", "is not taken by the hub"),
        (Some(ErrorReason::AttachmentNotFound), Some(file)) => Refusal::attachment_not_found(file),
        (Some(ErrorReason::AttachmentUsed), Some(file)) => Refusal::attachment_used(file),
        _ => Refusal::internal(anyhow::anyhow!(
            "the hub refused a visitor's event: {reason}"
        )),
    }
}
