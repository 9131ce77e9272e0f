//! What went wrong, as a sentence with what to do about it, and the exit status that scripts can rely on.

use std::process::ExitCode;
use std::time::Duration;

use api::error::v1::ErrorReason;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The server refused the call.
    #[error("{}", refusal(.0))]
    Refused(Box<Status>),
    /// The server was not reached.
    #[error(
        "{server} cannot be reached: {cause}. Is it running (`beseda up`), and is the address right (--server, BESEDA_SERVER)?"
    )]
    Unreachable {
        /// Its address.
        server: String,
        /// Why.
        cause: String,
    },
    /// Nobody has logged in.
    #[error(
        "you are not logged in to {server}: run `beseda login --server {server}`, or give --api-key, or --email and --password"
    )]
    NotLoggedIn {
        /// Where.
        server: String,
    },
    /// There is no conversation of this number, or it may not be seen.
    #[error("there is no conversation #{0} that you may see; `beseda inbox list --all` shows them")]
    NoSuchNumber(i64),
    /// There is no employee of this e-mail.
    #[error("there is no employee {0} in the account")]
    NoSuchEmployee(String),
    /// What was typed makes no sense.
    #[error("{0}")]
    Usage(String),
    /// Something on this machine: a file, the terminal.
    #[error("{0:#}")]
    Local(anyhow::Error),
    /// Whoever read our output has stopped reading.
    #[error("the output was closed")]
    OutputClosed,
}

impl Problem {
    /// From a status of the call to a server.
    pub fn from_status(status: Status, server: &str) -> Self {
        let foreign = kit::refusal::reason_of(&status).is_none();
        if foreign && matches!(status.code(), Code::Unavailable | Code::Unknown) {
            return Self::Unreachable {
                server: server.to_owned(),
                cause: innermost(&status),
            };
        }
        Self::Refused(Box::new(status))
    }

    /// The reason, when the server gave one.
    pub fn reason(&self) -> Option<ErrorReason> {
        match self {
            Self::Refused(status) => kit::refusal::reason_of(status),
            _ => None,
        }
    }

    /// Is the same call worth repeating?
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused(status) => matches!(
                status.code(),
                Code::Unavailable | Code::Aborted | Code::DeadlineExceeded | Code::Cancelled
            ),
            _ => false,
        }
    }

    /// How long the server asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(status) => status.get_details_retry_info()?.retry_delay,
            _ => None,
        }
    }

    /// The exit status; the list stands in the help.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::OutputClosed => 0,
            Self::Local(_) => 1,
            Self::Usage(_) => 2,
            Self::NotLoggedIn { .. } => 3,
            Self::NoSuchNumber(_) | Self::NoSuchEmployee(_) => 5,
            Self::Unreachable { .. } => 8,
            Self::Refused(status) => of_code(status.code()),
        })
    }
}

fn of_code(code: Code) -> u8 {
    match code {
        Code::InvalidArgument | Code::OutOfRange => 2,
        Code::Unauthenticated => 3,
        Code::PermissionDenied => 4,
        Code::NotFound => 5,
        Code::FailedPrecondition | Code::AlreadyExists | Code::Aborted => 6,
        Code::ResourceExhausted => 7,
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => 8,
        _ => 1,
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::OutputClosed
        } else {
            Self::Local(error.into())
        }
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        Self::Local(error)
    }
}

/// The server's text in our language, its fields, its reason, and what to do.
fn refusal(status: &Status) -> String {
    let details = status.get_error_details();
    let localized = details.localized_message().map(|it| it.message.clone());
    let mut text = localized.unwrap_or_else(|| status.message().to_owned());
    for violation in details
        .bad_request()
        .iter()
        .flat_map(|it| &it.field_violations)
    {
        text = format!("{text} {}: {}.", violation.field, violation.description);
    }
    // Which permission or scope it is, an administrator has to know.
    let info = details.error_info();
    let missing = info.and_then(|it| it.metadata.get("permission").or(it.metadata.get("scope")));
    if let Some(missing) = missing {
        text = format!("{text} ({missing})");
    }
    let reason = kit::refusal::reason_of(status);
    let name = match reason {
        Some(reason) => kit::refusal::name(reason).to_owned(),
        None => format!("{:?}", status.code()),
    };
    text = format!("{text} [{name}]");
    if let Some(wait) = status
        .get_details_retry_info()
        .and_then(|it| it.retry_delay)
    {
        text = format!("{text} Try again in {} s.", wait.as_secs().max(1));
    }
    match reason.and_then(advice) {
        Some(advice) => format!("{text}\n{advice}"),
        None => text,
    }
}

/// What to do about it with this program; nothing where the server's text says it all.
fn advice(reason: ErrorReason) -> Option<&'static str> {
    match reason {
        ErrorReason::TokenMissing
        | ErrorReason::TokenInvalid
        | ErrorReason::TokenExpired
        | ErrorReason::SessionEnded
        | ErrorReason::RefreshTokenReused => Some("Log in again: beseda login"),
        ErrorReason::ConversationClosed => {
            Some("Begin a new one in the same chat: beseda inbox start <conversation> <text>")
        }
        ErrorReason::ConversationAlreadyOpen => Some(
            "Answer in the open one: beseda inbox list, beseda inbox reply <conversation> <text>",
        ),
        ErrorReason::ScopeMissing => {
            Some("Make an API key with that scope: beseda admin create-api-key --help")
        }
        _ => None,
    }
}

/// The last cause says what really happened; those before it say only that something did.
fn innermost(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        text = error.to_string();
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::Refusal;

    fn refused(refusal: Refusal) -> Problem {
        Problem::from_status(refusal.into(), "http://server")
    }

    #[test]
    fn a_refusal_is_a_sentence_with_its_reason_and_what_to_do() {
        let text = refused(Refusal::conversation_closed("conv_1")).to_string();
        assert!(
            text.contains("[CONVERSATION_CLOSED]") && text.contains("beseda inbox start"),
            "{text}"
        );
        let text = refused(Refusal::field("text", "must not be empty")).to_string();
        assert!(text.contains("text: must not be empty"), "{text}");
    }

    #[test]
    fn only_what_may_pass_is_repeated() {
        let foreign =
            Problem::from_status(Status::unavailable("tcp connect error"), "http://server");
        assert!(
            foreign.is_passing()
                && foreign
                    .to_string()
                    .contains("http://server cannot be reached")
        );
        assert!(!refused(Refusal::token_expired()).is_passing());
        assert!(!refused(Refusal::rate_limited(Duration::from_secs(3))).is_passing());
        let limited = refused(Refusal::rate_limited(Duration::from_secs(3)));
        assert_eq!(limited.retry_after(), Some(Duration::from_secs(3)));
    }
}
