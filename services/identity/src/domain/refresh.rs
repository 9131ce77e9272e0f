//! The text of a refresh token.
//!
//! Opaque to clients. It names account and session, so that the row is found, and has two secrets: one that all tokens of
//! the session share, and one of its own. Whoever shows the shared secret has seen a token of this session: a wrong second
//! secret is then an old token, which ends the session. A made-up token lacks the first and changes nothing.

use data_encoding::BASE64URL_NOPAD;
use kit::secrets::sha256;
use types::{AccountId, SessionId};
use uuid::Uuid;

use super::session::Digest;

const PREFIX: &str = "brt_";

/// A secret of a refresh token.
pub type Secret = [u8; 32];

/// A refresh token.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// Account of the session.
    pub account: AccountId,
    /// The session.
    pub session: SessionId,
    family: Secret,
    own: Secret,
}

impl RefreshToken {
    /// The first token of a session.
    #[must_use]
    pub fn first(account: AccountId, session: SessionId) -> Self {
        let (family, own) = (rand::random(), rand::random());
        Self {
            account,
            session,
            family,
            own,
        }
    }

    /// The next token of the same session.
    #[must_use]
    pub fn next(&self) -> Self {
        Self {
            own: rand::random(),
            ..self.clone()
        }
    }

    /// The token in a text; `None` when it has another shape.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD
            .decode(text.strip_prefix(PREFIX)?.as_bytes())
            .ok()?;
        let (account, rest) = bytes.split_at_checked(16)?;
        let (session, rest) = rest.split_at_checked(16)?;
        let (family, own) = rest.split_at_checked(32)?;
        Some(Self {
            account: Uuid::from_slice(account).ok()?.into(),
            session: Uuid::from_slice(session).ok()?.into(),
            family: family.try_into().ok()?,
            own: own.try_into().ok()?,
        })
    }

    /// The text for the client.
    #[must_use]
    pub fn to_text(&self) -> String {
        let bytes = [
            &self.account.uuid().as_bytes()[..],
            self.session.uuid().as_bytes(),
            &self.family,
            &self.own,
        ]
        .concat();
        format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes))
    }

    /// Digest of the secret that all tokens of the session share.
    #[must_use]
    pub fn family_digest(&self) -> Digest {
        sha256(&self.family)
    }

    /// Digest of this token's own secret.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sha256(&self.own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_text() {
        let token = RefreshToken::first(AccountId::generate(), SessionId::generate());
        let parsed = RefreshToken::parse(&token.to_text()).expect("a token");
        assert_eq!(parsed.session, token.session);
        assert_eq!(parsed.digest(), token.digest());
        assert_eq!(token.next().family_digest(), token.family_digest());
        assert_ne!(token.next().digest(), token.digest());
    }

    #[test]
    fn other_texts_are_no_tokens() {
        let text = RefreshToken::first(AccountId::generate(), SessionId::generate()).to_text();
        for other in [
            "",
            "brt_",
            "brt_AAAA",
            &text[4..],
            &text[..text.len() - 1],
            &format!("{text}A"),
        ] {
            assert!(RefreshToken::parse(other).is_none(), "{other}");
        }
    }
}
