//! Sessions of clients. The token is in the browser, the database keeps its digest.

use std::time::Duration;

use kit::secrets;
use time::OffsetDateTime;
use types::{AccountId, CabinetClientId};

use super::code::{Digest, account_of};

/// How long a session lasts: a telephone number may get another owner.
pub const LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

const PREFIX: &str = "cst_";

/// A session token as the browser holds it: `cst_<account>_<random>`.
pub struct SessionToken {
    /// The whole text. Never log it.
    pub text: String,
    /// What the database keeps.
    pub digest: Digest,
}

impl SessionToken {
    /// A new token.
    #[must_use]
    pub fn generate(account: AccountId) -> Self {
        let (account, random) = (account.uuid().simple(), secrets::random_token());
        let text = format!("{PREFIX}{account}_{random}");
        let digest = secrets::sha256(text.as_bytes());
        Self { text, digest }
    }

    /// Account and digest of a token that came with a call; `None` when it has not the form of one.
    #[must_use]
    pub fn read(text: &str) -> Option<(AccountId, Digest)> {
        let account = account_of(text, PREFIX)?;
        Some((account, secrets::sha256(text.as_bytes())))
    }
}

/// A client's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose client.
    pub account: AccountId,
    /// Which client.
    pub client: CabinetClientId,
    /// The client's number; empty when the client's data were erased.
    pub phone: Option<String>,
    /// When the token stops working.
    pub expire_time: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_for_a_code_opens_no_session() {
        let account = AccountId::generate();
        let token = SessionToken::generate(account);
        assert_eq!(
            SessionToken::read(&token.text),
            Some((account, token.digest))
        );
        let request = super::super::code::RequestToken::generate(account);
        assert_eq!(SessionToken::read(&request.text), None);
    }
}
