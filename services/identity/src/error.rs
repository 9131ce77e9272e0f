//! What can go wrong in identity, as its callers have to know it. `grpc/status.rs` turns it into a refusal.

use std::time::Duration;

use kit::Refusal;
use types::{ApiKeyId, GroupId, SessionId, StageId, UserId};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such user in the account.
    #[error("no user {0}")]
    UserNotFound(UserId),
    /// No such group in the account.
    #[error("no group {0}")]
    GroupNotFound(GroupId),
    /// No such pipeline stage in the account.
    #[error("no stage {0}")]
    StageNotFound(StageId),
    /// No such session in the account.
    #[error("no session {0}")]
    SessionNotFound(SessionId),
    /// No such key in the account.
    #[error("no API key {0}")]
    ApiKeyNotFound(ApiKeyId),
    /// The user is switched off.
    #[error("user {0} is switched off")]
    UserSwitchedOff(UserId),
    /// Asked for from inside the CRM.
    #[error("not from inside the CRM")]
    LogInRequired,
    /// Another user of the installation has this e-mail.
    #[error("the e-mail belongs to another user")]
    EmailTaken,
    /// Another group of the account has this name.
    #[error("the name belongs to another group")]
    GroupNameTaken,
    /// The group has members.
    #[error("group {0} has members")]
    GroupNotEmpty(GroupId),
    /// The account would be left without an active administrator.
    #[error("user {0} is the last administrator")]
    LastAdministrator(UserId),
    /// The account has as many rules on stages and fields as it can hold.
    #[error("too many rules on stages and fields")]
    RightsLimitReached,
    /// The resource changed since it was read.
    #[error("the resource changed")]
    EtagMismatch,
    /// Wrong or unknown e-mail, password, client id or secret.
    #[error("wrong credentials")]
    CredentialsInvalid,
    /// Not a refresh token of ours.
    #[error("not a refresh token")]
    TokenInvalid,
    /// The refresh token's time is over.
    #[error("the refresh token has expired")]
    TokenExpired,
    /// The session was ended.
    #[error("the session was ended")]
    SessionEnded,
    /// The refresh token was used before; the session was ended.
    #[error("the refresh token was used before")]
    RefreshTokenReused,
    /// Too many tries.
    #[error("too many tries")]
    RateLimited(Duration),
    /// More passwords to check than can be.
    #[error("too many passwords to check")]
    Overloaded,
    /// The token that was asked for cannot be signed, or a password not hashed: a defect.
    #[error("{0}")]
    Defect(&'static str),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] pg::Error),
    /// Refused before anything was done: by the request's fields, the caller's rights or a request id.
    #[error("refused")]
    Refused(#[from] Refusal),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
