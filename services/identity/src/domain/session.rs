//! Sessions and the rotation of their refresh tokens.
//!
//! A refresh token is good for one use, which makes the next one. When the answer with the next one is lost, an honest
//! client has only the old one: its reuse is accepted once, shortly after, as long as nobody has used the token that it
//! made. That token is void from then on: if it comes after all, somebody else has it. Any other reuse ends the session.

use std::time::Duration;

use time::OffsetDateTime;
use types::{AccountId, ApiKeyId, SessionId, UserId};

/// How long a refresh token lives; every use gives one that lives as long again.
pub const REFRESH_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How soon after its use a token may be used again because the answer was lost.
pub const FORGIVENESS: Duration = Duration::from_secs(60);

/// SHA-256 of a secret.
pub type Digest = [u8; 32];

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Account of the user.
    pub account: AccountId,
    /// Whose.
    pub user: UserId,
    /// Name of the device or program.
    pub device: String,
    /// The key that began it for the employee; `None` when they logged in.
    pub begun_by: Option<ApiKeyId>,
    /// When it began.
    pub create_time: OffsetDateTime,
    /// When its tokens were last refreshed.
    pub last_use_time: OffsetDateTime,
    /// When the current refresh token expires.
    pub expire_time: OffsetDateTime,
    /// When it was ended; `None` while it lives.
    pub end_time: Option<OffsetDateTime>,
}

impl Session {
    /// A log-in, now.
    #[must_use]
    pub fn begin(account: AccountId, user: UserId, device: String, now: OffsetDateTime) -> Self {
        Self {
            id: SessionId::generate(),
            account,
            user,
            device,
            begun_by: None,
            create_time: now,
            last_use_time: now,
            expire_time: now + REFRESH_LIFE,
            end_time: None,
        }
    }
}

/// Which refresh tokens of a session are good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The token that is good now; nobody has used it.
    pub current: Digest,
    /// The token whose use made it.
    pub previous: Option<Previous>,
}

/// A token that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// Its digest.
    pub digest: Digest,
    /// When it was used.
    pub replaced: OffsetDateTime,
    /// Has a second use been forgiven?
    pub forgiven: bool,
}

/// What a token that somebody shows does to the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// The session goes on, with the next token.
    Accepted(Rotation),
    /// The session ends.
    Reused,
}

impl Rotation {
    /// That of a new session.
    #[must_use]
    pub fn first(token: Digest) -> Self {
        Self {
            current: token,
            previous: None,
        }
    }

    /// Somebody shows `token` of this session; `next` would be the token after it.
    #[must_use]
    pub fn show(&self, token: Digest, next: Digest, now: OffsetDateTime) -> Shown {
        if token == self.current {
            let previous = Previous {
                digest: token,
                replaced: now,
                forgiven: false,
            };
            return Shown::Accepted(Self {
                current: next,
                previous: Some(previous),
            });
        }
        match &self.previous {
            Some(previous)
                if token == previous.digest
                    && !previous.forgiven
                    && now - previous.replaced <= FORGIVENESS =>
            {
                let forgiven = Previous {
                    forgiven: true,
                    ..previous.clone()
                };
                Shown::Accepted(Self {
                    current: next,
                    previous: Some(forgiven),
                })
            }
            Some(_) | None => Shown::Reused,
        }
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
