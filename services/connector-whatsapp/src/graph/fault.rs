//! Why a call failed, and what that means.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::errors::{Class, class, text};
use crate::domain::payload::GivenError;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// WhatsApp answered that it did not do it.
    #[error("WhatsApp refuses: {0}")]
    Refused(Refused),
    /// The call did not reach WhatsApp.
    #[error("WhatsApp cannot be reached: {0}")]
    Unreached(String),
    /// It may have reached WhatsApp, and there was no answer.
    #[error("WhatsApp did not answer: {0}")]
    Lost(String),
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// WhatsApp's code.
    pub code: i64,
    /// As HTTP has it.
    pub status: u16,
    /// What WhatsApp says.
    pub details: String,
    /// When to come again, where it says so.
    pub retry_after: Option<Duration>,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.details, self.code)
    }
}

/// An error in the place of an answer.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorAnswer {
    error: GivenError,
}

impl ErrorAnswer {
    pub(super) fn fault(self, status: u16, retry_after: Option<Duration>) -> Fault {
        Fault::Refused(Refused {
            code: self.error.code,
            status,
            details: self.error.details().chars().take(300).collect(),
            retry_after,
        })
    }
}

impl Refused {
    /// What it means. A code that is not known says less than the status.
    #[must_use]
    pub fn class(&self) -> Class {
        match (class(self.code), self.status) {
            (Class::Content, 401) => Class::Auth,
            (Class::Content, 429) => Class::Throttled(Duration::from_secs(2)),
            (Class::Content, 500..) => Class::Passing,
            (class, _) => class,
        }
    }

    /// For the employee.
    #[must_use]
    pub fn text(&self) -> String {
        text(self.code, &self.details)
    }
}

impl From<reqwest::Error> for Fault {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let is_unreached = error.is_connect() || error.is_builder();
        let text = format!("{:#}", anyhow::Error::from(error));
        match is_unreached {
            true => Self::Unreached(text),
            false => Self::Lost(text),
        }
    }
}
