//! Why a call failed, and what that means.

use std::time::Duration;

use serde::Deserialize;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Telegram answered that it did not do it.
    #[error("Telegram refuses: {description} ({code})")]
    Refused {
        /// As HTTP has it.
        code: u16,
        /// For people; the texts change.
        description: String,
        /// When to come again.
        retry_after: Option<Duration>,
        /// The new id of a group.
        migrate_to: Option<i64>,
    },
    /// The call did not reach Telegram.
    #[error("Telegram cannot be reached: {0}")]
    Unreached(String),
    /// It may have reached Telegram, and there was no answer.
    #[error("Telegram did not answer: {0}")]
    Lost(String),
}

/// An answer of Telegram.
#[derive(Debug, Deserialize)]
pub(super) struct Answer<T> {
    ok: bool,
    result: Option<T>,
    #[serde(default)]
    error_code: u16,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

impl<T> Answer<T> {
    pub(super) fn result(self) -> Result<T, Fault> {
        match self.result {
            Some(result) if self.ok => Ok(result),
            _ => Err(Fault::Refused {
                code: self.error_code,
                description: self.description,
                retry_after: self.parameters.retry_after.map(Duration::from_secs),
                migrate_to: self.parameters.migrate_to_chat_id,
            }),
        }
    }
}

impl From<reqwest::Error> for Fault {
    /// The address is left out: the token is in it.
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

impl Fault {
    /// Does Telegram not know the token (any more)? It says "not found" to what does not look like one.
    #[must_use]
    pub fn is_of_token(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                code: 401 | 404,
                ..
            }
        )
    }

    /// How long to wait before anything else is sent.
    #[must_use]
    pub fn pause(&self) -> Option<Duration> {
        match self {
            Self::Refused {
                code: 429,
                retry_after,
                ..
            } => Some(retry_after.unwrap_or(Duration::from_secs(1))),
            _ => None,
        }
    }
}
