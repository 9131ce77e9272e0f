//! Why a call is refused: the one funnel from errors to gRPC statuses.
//!
//! A refusal has a reason from `beseda.error.v1.ErrorReason`. The reason decides the code and the text; metadata, field
//! violations and the time to wait are added by the constructors in [`reasons`]. Turned into a status it carries
//! `ErrorInfo`, `BadRequest`, `RetryInfo` and a `LocalizedMessage` in the language of the call.
//! To add a reason: the proto enum with its comment, a row in [`catalogue`], a constructor in [`reasons`].

mod catalogue;
mod reasons;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use api::error::v1::ErrorReason;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

pub use catalogue::{code, text};

/// The domain of every `ErrorInfo` of Beseda.
pub const DOMAIN: &str = "beseda";

/// A field that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// Path of the field in the request, for example `user.name`.
    pub field: String,
    /// What to do about it, for a person.
    pub description: String,
}

/// Why a call is refused.
#[derive(Debug)]
pub struct Refusal(Box<Parts>);

#[derive(Debug)]
struct Parts {
    reason: ErrorReason,
    metadata: Vec<(&'static str, String)>,
    fields: Vec<FieldViolation>,
    retry_after: Option<Duration>,
    cause: Option<anyhow::Error>,
}

impl Refusal {
    fn new(reason: ErrorReason) -> Self {
        Self(Box::new(Parts {
            reason,
            metadata: Vec::new(),
            fields: Vec::new(),
            retry_after: None,
            cause: None,
        }))
    }

    fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.0.metadata.push((key, value.to_string()));
        self
    }

    fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    fn caused_by(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Its reason.
    #[must_use]
    pub fn reason(&self) -> ErrorReason {
        self.0.reason
    }

    /// The reason as `ErrorInfo` names it: without the enum's prefix.
    #[must_use]
    pub fn reason_name(&self) -> &'static str {
        name(self.0.reason)
    }

    /// The text for a person, in `language`.
    #[must_use]
    pub fn text(&self, language: types::Language) -> &'static str {
        text(self.0.reason, language)
    }

    /// The fields that do not fit; empty for other reasons.
    #[must_use]
    pub fn violations(&self) -> &[FieldViolation] {
        &self.0.fields
    }

    /// Logs what an operator has to know: the cause of a failure of ours, once, where it leaves the service.
    fn log(&self) {
        let Some(cause) = &self.0.cause else { return };
        let reason = self.reason_name();
        match code(self.0.reason) {
            Code::Internal => tracing::error!(
                reason,
                cause = format!("{cause:#}"),
                "a call failed by a defect"
            ),
            _ => tracing::warn!(
                reason,
                cause = format!("{cause:#}"),
                "a call could not be served"
            ),
        }
    }
}

/// A reason as `ErrorInfo` names it.
#[must_use]
pub fn name(reason: ErrorReason) -> &'static str {
    reason
        .as_str_name()
        .strip_prefix("ERROR_REASON_")
        .unwrap_or_else(|| reason.as_str_name())
}

/// The reason that a status of Beseda carries; `None` for a foreign status.
#[must_use]
pub fn reason_of(status: &Status) -> Option<ErrorReason> {
    let info = status.get_error_details().error_info()?.clone();
    ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason))
}

/// What a status of Beseda says under a key of its reason's metadata.
#[must_use]
pub fn metadata_of(status: &Status, key: &str) -> Option<String> {
    let details = status.get_error_details();
    details.error_info()?.metadata.get(key).cloned()
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason_name())
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        refusal.log();
        let Parts {
            reason,
            metadata,
            fields,
            retry_after,
            ..
        } = *refusal.0;
        let language = crate::language::current();
        let metadata: HashMap<String, String> = metadata
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        let mut details = ErrorDetails::new();
        details.set_error_info(name(reason), DOMAIN, metadata);
        details.set_localized_message(language.tag(), text(reason, language));
        let mut message = text(reason, types::Language::En).to_owned();
        for violation in fields {
            message = format!("{message} {}: {}.", violation.field, violation.description);
            details.add_bad_request_violation(violation.field, violation.description);
        }
        if let Some(wait) = retry_after {
            details.set_retry_info(Some(wait));
        }
        Self::with_error_details(code(reason), message, details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Language;

    #[tokio::test]
    async fn a_refusal_speaks_the_language_of_the_call() {
        let status = crate::language::with(Language::Ru, async {
            Status::from(Refusal::subscription_unpaid())
        })
        .await;
        let details = status.get_error_details();
        let localized = details.localized_message().expect("a text");
        assert_eq!(
            (localized.locale.as_str(), localized.message.as_str()),
            ("ru", "Подписка не оплачена.")
        );
        assert_eq!(reason_of(&status), Some(ErrorReason::SubscriptionUnpaid));
        assert_eq!(status.code(), Code::FailedPrecondition);
    }

    #[test]
    fn violations_are_named_in_the_message_and_in_the_details() {
        let status = Status::from(Refusal::fields(vec![FieldViolation {
            field: "text".to_owned(),
            description: "must not be empty".to_owned(),
        }]));
        assert!(
            status.message().contains("text: must not be empty"),
            "{}",
            status.message()
        );
        let details = status.get_error_details();
        assert_eq!(
            details.bad_request().expect("violations").field_violations[0].field,
            "text"
        );
    }
}
