//! The audit log: what was changed, by whom, from what to what.

use std::fmt;

use auth::{Caller, Principal};
use serde::Serialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use types::{ApiKeyId, AuditEntryId, UserId};

/// Who changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// An administrator.
    User(UserId),
    /// A backend program.
    Key(ApiKeyId),
    /// Whoever operates the installation, by command line.
    Operator,
    /// A client of the account, in the cabinet.
    Client,
}

impl Actor {
    /// The caller as an actor; one of our services changes nothing of its own accord, so it counts as the operator.
    #[must_use]
    pub fn of(caller: &Caller) -> Self {
        match caller.principal() {
            Principal::Employee { user, .. } => Self::User(*user),
            Principal::Program { key, .. } => Self::Key(*key),
            Principal::Service { .. } => Self::Operator,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Key(id) => id.fmt(f),
            Self::Operator => f.write_str("operator"),
            Self::Client => f.write_str("client"),
        }
    }
}

/// Changed fields, before and after.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes(Map<String, Value>);

impl Changes {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a field if it changed. Never give it a secret.
    pub fn note<T: Serialize + PartialEq + ?Sized>(&mut self, field: &str, before: &T, after: &T) {
        if before != after {
            self.0.insert(
                field.to_owned(),
                json!({ "before": before, "after": after }),
            );
        }
    }

    /// Notes a field of something new.
    pub fn set(&mut self, field: &str, after: impl Serialize) {
        self.0.insert(field.to_owned(), json!({ "after": after }));
    }

    /// Did nothing change?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As the log keeps it.
    #[must_use]
    pub fn into_json(self) -> Value {
        Value::Object(self.0)
    }
}

/// An entry to be written.
#[derive(Debug)]
pub struct NewEntry {
    /// Who.
    pub actor: Actor,
    /// What was done.
    pub action: &'static str,
    /// To what.
    pub target: String,
    /// Which fields.
    pub changes: Changes,
    /// When.
    pub time: OffsetDateTime,
}

/// An entry of the log.
#[derive(Debug)]
pub struct Entry {
    /// Its id.
    pub id: AuditEntryId,
    /// Who, as text.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub target: String,
    /// Which fields.
    pub changes: Value,
    /// When.
    pub time: OffsetDateTime,
}
