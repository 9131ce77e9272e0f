//! The one place where identity's errors become refusals.

use std::time::Duration;

use kit::Refusal;
use tonic::Status;

use crate::Error;
use crate::domain::rights::MAX_ACCOUNT_RULES;

/// When there may be room for another password.
const PASSWORDS_BUSY: Duration = Duration::from_secs(2);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::UserNotFound(id) => Self::user_not_found(id),
            Error::GroupNotFound(id) => Self::group_not_found(id),
            Error::StageNotFound(id) => Self::stage_not_found(id),
            Error::SessionNotFound(id) => Self::session_not_found(id),
            Error::ApiKeyNotFound(id) => Self::api_key_not_found(id),
            Error::UserSwitchedOff(id) => Self::user_switched_off(id),
            Error::LogInRequired => Self::log_in_required(),
            Error::EmailTaken => Self::email_taken(),
            Error::GroupNameTaken => Self::group_name_taken(),
            Error::GroupNotEmpty(id) => Self::group_not_empty(id),
            Error::LastAdministrator(id) => Self::last_administrator(id),
            Error::RightsLimitReached => Self::rights_limit_reached(MAX_ACCOUNT_RULES),
            Error::EtagMismatch => Self::etag_mismatch(),
            Error::CredentialsInvalid => Self::credentials_invalid(),
            Error::TokenInvalid => Self::token_invalid(),
            Error::TokenExpired => Self::token_expired(),
            Error::SessionEnded => Self::session_ended(),
            Error::RefreshTokenReused => Self::refresh_token_reused(),
            Error::RateLimited(wait) => Self::rate_limited(wait),
            Error::Overloaded => Self::overloaded(PASSWORDS_BUSY),
            Error::Defect(_) => Self::internal(error),
            Error::Store(error) => Self::from(error),
            Error::Refused(refusal) => refusal,
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}
