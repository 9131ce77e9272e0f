//! How failures of employees' and programs' calls reach the caller.

use api::error::v1::ErrorReason;
use kit::Refusal;
use kit::refusal::reason_of;
use tonic::{Code, Status};

/// Why a call of an employee or program is refused: by us, or by conversations on the caller's own account.
#[derive(Debug)]
pub enum Failure {
    /// By us.
    Refused(Refusal),
    /// By conversations, which was asked with the caller's own token; passed on as it is.
    Foreign(Status),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<pg::Error> for Failure {
    fn from(error: pg::Error) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::Foreign(status) => status,
        }
    }
}

/// What conversations' answer means when it was asked with the caller's own token.
#[must_use]
pub fn forwarded(status: Status) -> Failure {
    match status.code() {
        // We have not told the hub yet that we are here: a matter of seconds.
        Code::NotFound if reason_of(&status) == Some(ErrorReason::ConnectorNotFound) => {
            Refusal::service_unavailable(status).into()
        }
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::ResourceExhausted => Failure::Foreign(status),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => Refusal::service_unavailable(status).into(),
    }
}
