//! Tokens of visitors.
//!
//! A session token opens the visitor's own history for an hour, a resume token begins the next session for 180 days after
//! its last use. A resume token stays the same for the life of the visitor: two tabs that resume at once would otherwise
//! take it from each other. The database keeps digests only.

use std::time::Duration;

use kit::secrets;
use time::OffsetDateTime;
use types::{AccountId, OnlineChatId, VisitorId};
use uuid::Uuid;

use super::facts::Page;

/// How long a session token opens the history.
pub const SESSION_LIFE: Duration = Duration::from_secs(60 * 60);
/// How long after its last use a resume token works.
pub const RESUME_LIFE: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// How long after its last use a token works that the site's backend was given: it gets another one with every page.
pub const ISSUED_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

const ISSUED_PREFIX: &str = "vit_";
const SESSION_PREFIX: &str = "vst_";
const RESUME_PREFIX: &str = "vrt_";
const RANDOM_LETTERS: usize = 43;

/// What the database keeps of a token.
pub type Digest = [u8; 32];

/// A session token as the browser holds it: `vst_<account>_<random>`. The account stands in front so that the row is found
/// through a key that begins with the account, as every key does; it proves nothing.
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
        let text = format!("{SESSION_PREFIX}{account}_{random}");
        let digest = secrets::sha256(text.as_bytes());
        Self { text, digest }
    }

    /// Account and digest of a token that came with a call; `None` when it has not the form of one.
    #[must_use]
    pub fn read(text: &str) -> Option<(AccountId, Digest)> {
        let (account, random) = text.strip_prefix(SESSION_PREFIX)?.split_once('_')?;
        if account.len() != 32 || !is_random(random) {
            return None;
        }
        let account = Uuid::try_parse(account).ok()?;
        Some((account.into(), secrets::sha256(text.as_bytes())))
    }
}

/// A new resume token, with its digest.
#[must_use]
pub fn new_resume_token() -> (String, Digest) {
    let text = format!("{RESUME_PREFIX}{}", secrets::random_token());
    let digest = secrets::sha256(text.as_bytes());
    (text, digest)
}

/// A new token of a visitor whom the site's backend names, with its digest.
#[must_use]
pub fn new_issued_token() -> (String, Digest) {
    let text = format!("{ISSUED_PREFIX}{}", secrets::random_token());
    let digest = secrets::sha256(text.as_bytes());
    (text, digest)
}

/// Is it a token that the site's backend was given? One that does not work must not make a stranger of a known client.
#[must_use]
pub fn is_issued(text: &str) -> bool {
    text.starts_with(ISSUED_PREFIX)
}

/// Digest of a resume token that came with a call; `None` when it has not the form of one.
#[must_use]
pub fn resume_digest(text: &str) -> Option<Digest> {
    let random = text.strip_prefix(RESUME_PREFIX)?;
    is_random(random).then(|| secrets::sha256(text.as_bytes()))
}

fn is_random(text: &str) -> bool {
    text.len() == RANDOM_LETTERS
        && text
            .bytes()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_'))
}

/// A session of a visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose online chat.
    pub account: AccountId,
    /// Which online chat.
    pub online_chat: OnlineChatId,
    /// Which visitor.
    pub visitor: VisitorId,
    /// The visitor's name, when the page knows it.
    pub visitor_name: String,
    /// The page that shows the button.
    pub page: Page,
    /// When the token stops working.
    pub expire_time: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_reads_back_and_never_repeats() {
        let account = AccountId::generate();
        let (one, two) = (
            SessionToken::generate(account),
            SessionToken::generate(account),
        );
        assert_eq!(SessionToken::read(&one.text), Some((account, one.digest)));
        assert_ne!(one.digest, two.digest);
        let (text, digest) = new_resume_token();
        assert_eq!(resume_digest(&text), Some(digest));
        assert_eq!(
            SessionToken::read(&text),
            None,
            "a resume token opens no session"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "(vst_|vrt_)?\\PC{0,90}") {
            let _ = SessionToken::read(&text);
            let _ = resume_digest(&text);
        }
    }
}
