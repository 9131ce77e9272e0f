//! Why a call of amoCRM failed, and what that means.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use super::wire;
use crate::domain::fault::Fault;

/// How much of what amoCRM says is kept, in characters.
const LONGEST_TEXT: usize = 300;
/// How long a portal is left alone that has blocked us: insisting makes it longer.
const BLOCKED: Duration = Duration::from_secs(60);

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It was not done, and may be another time; the portal is left alone for so long at least.
    #[error("{0}")]
    Passing(String, Option<Duration>),
    /// Nobody knows whether it was done.
    #[error("{0}")]
    Unknown(String),
    /// amoCRM does not take the token.
    #[error("amoCRM does not take the token: {0}")]
    Unauthorized(String),
    /// Something that it names is gone.
    #[error("{0}")]
    Stale(String),
    /// It is refused: asking again changes nothing.
    #[error("{0}")]
    Refused(String),
    /// It is refused as a whole because of some of its parts, by the names that they had in it.
    #[error("{}", of_parts(.0))]
    Parts(BTreeMap<String, Failure>),
}

fn of_parts(parts: &BTreeMap<String, Failure>) -> String {
    let words: Vec<String> = parts.values().map(Failure::to_string).collect();
    words.join("; ")
}

impl Failure {
    /// It was not done, for a reason of ours.
    #[must_use]
    pub fn ours(why: impl Into<String>) -> Self {
        Self::Passing(why.into(), None)
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        let why = failure.to_string();
        match failure {
            Failure::Passing(..) | Failure::Unknown(_) | Failure::Unauthorized(_) => {
                Self::Unavailable(why)
            }
            Failure::Stale(_) => Self::Stale(why),
            Failure::Refused(_) | Failure::Parts(_) => Self::Refused(why),
        }
    }
}

impl From<pg::Error> for Failure {
    fn from(error: pg::Error) -> Self {
        Self::ours(error.to_string())
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let is_unreached = error.is_connect() || error.is_builder();
        let text = format!("{:#}", anyhow::Error::from(error));
        match is_unreached {
            true => Self::Passing(text, Some(Duration::ZERO)),
            false => Self::Unknown(text),
        }
    }
}

/// What an answer that is no success means.
#[must_use]
pub fn of_answer(status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Failure {
    let told = serde_json::from_slice::<Value>(body);
    let is_told = told.is_ok();
    let told = told.unwrap_or_default();
    let words = words(status, &told);
    match status {
        StatusCode::UNAUTHORIZED => Failure::Unauthorized(words),
        StatusCode::PAYMENT_REQUIRED => Failure::Passing(
            format!("the portal is not paid for: {words}"),
            Some(BLOCKED),
        ),
        StatusCode::TOO_MANY_REQUESTS => {
            let wait = retry_after.unwrap_or(Duration::from_secs(1));
            Failure::Passing(words, Some(wait))
        }
        // amoCRM says what may not be done; who is blocked hears it from a page before it.
        StatusCode::FORBIDDEN if is_told => Failure::Refused(words),
        StatusCode::FORBIDDEN => {
            Failure::Passing(format!("amoCRM blocks us: {words}"), Some(BLOCKED))
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => Failure::Stale(words),
        StatusCode::REQUEST_TIMEOUT => Failure::Unknown(words),
        status if status.is_server_error() => Failure::Unknown(words),
        status if status.is_client_error() => match parts(status, &told) {
            parts if parts.is_empty() => Failure::Refused(words),
            parts => Failure::Parts(parts),
        },
        // A portal that moved: its name is learned when its tokens are renewed or it is connected again.
        _ => Failure::Passing(words, Some(BLOCKED)),
    }
}

/// What amoCRM finds wrong with a part of a call, by path and code.
type Problems<'a> = Vec<(&'a str, &'a str)>;

/// The failure of each part that amoCRM names.
fn parts(status: StatusCode, told: &Value) -> BTreeMap<String, Failure> {
    let mut parts = BTreeMap::new();
    for (part, problems) in named(told) {
        let words = worded(status, told, &problems);
        let failure = match names_what_is_gone(&problems) {
            true => Failure::Stale(words),
            false => Failure::Refused(words),
        };
        parts.insert(part, failure);
    }
    parts
}

/// What amoCRM finds wrong, by part.
fn named(told: &Value) -> BTreeMap<String, Problems<'_>> {
    let requests = told.get("validation-errors").and_then(Value::as_array);
    let mut named: BTreeMap<String, Problems<'_>> = BTreeMap::new();
    for request in requests.into_iter().flatten() {
        let errors = request.get("errors").and_then(Value::as_array);
        let problems = errors.into_iter().flatten().filter_map(|error| {
            let path = error.get("path").and_then(Value::as_str)?;
            let code = error.get("code").and_then(Value::as_str);
            Some((path, code.unwrap_or_default()))
        });
        let part = wire::request_id(request).unwrap_or_default();
        named.entry(part).or_default().extend(problems);
    }
    named.retain(|_, problems| !problems.is_empty());
    named
}

/// What amoCRM says, by field. It may repeat what it was given, so values are left out.
fn words(status: StatusCode, told: &Value) -> String {
    let all: Problems<'_> = named(told).into_values().flatten().collect();
    worded(status, told, &all)
}

fn worded(status: StatusCode, told: &Value, problems: &[(&str, &str)]) -> String {
    let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut words = format!("HTTP {}", status.as_u16());
    for part in [text("title"), text("detail")] {
        if !part.is_empty() {
            words = format!("{words}, {part}");
        }
    }
    for (path, code) in problems {
        words = format!("{words}; {path}: {code}");
    }
    words.chars().take(LONGEST_TEXT).collect()
}

/// Is it about something that a plan names and that may have gone away since?
fn names_what_is_gone(problems: &[(&str, &str)]) -> bool {
    const NAMED: [&str; 7] = [
        "pipeline_id",
        "status_id",
        "responsible_user_id",
        "custom_fields_values",
        "field_id",
        "contacts",
        "entity_id",
    ];
    let is_named = |path: &str| path.split('.').any(|part| NAMED.contains(&part));
    problems.iter().any(|(path, _)| is_named(path))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn failure(status: u16, body: &str) -> Failure {
        let status = StatusCode::from_u16(status).expect("a status");
        of_answer(status, None, body.as_bytes())
    }

    #[test]
    fn answers_are_told_apart_by_what_is_to_be_done() {
        let wrong = |path: &str| {
            let errors = json!([{"request_id": "0", "errors": [{"code": "NotSupportedChoice", "path": path, "detail": "+7916"}]}]);
            json!({"title": "Bad Request", "validation-errors": errors}).to_string()
        };
        let one = |path: &str| match failure(400, &wrong(path)) {
            Failure::Parts(parts) => parts["0"].clone(),
            failure => panic!("{failure:?}"),
        };
        let stale = one("status_id");
        assert!(matches!(&stale, Failure::Stale(_)), "{stale}");
        assert!(!stale.to_string().contains("+7916"), "{stale}");
        assert!(matches!(one("name"), Failure::Refused(_)));
        assert!(matches!(failure(401, "{}"), Failure::Unauthorized(_)));
        assert!(matches!(failure(402, "{}"), Failure::Passing(..)));
        assert!(matches!(failure(403, "{}"), Failure::Refused(_)));
        assert!(matches!(failure(403, "<html>"), Failure::Passing(..)));
        assert!(matches!(failure(404, ""), Failure::Stale(_)));
        assert!(matches!(failure(429, ""), Failure::Passing(_, Some(_))));
        for status in [500, 502, 503, 504] {
            assert!(matches!(failure(status, "<html>"), Failure::Unknown(_)));
        }
    }
}
