//! Tokens of visitors.
//!
//! A session token opens the visitor's own history for an hour, a resume token begins the next session for 180 days after
//! its last use. A resume token stays the same for the life of the visitor: two tabs that resume at once would otherwise
//! take it from each other. The database keeps digests only.

use std::time::Duration;

use kit::secrets::{self, TokenKind};
use time::OffsetDateTime;
use types::{AccountId, OnlineChatId, VisitorId};

use super::facts::Page;

/// How long a session token opens the history.
pub const SESSION_LIFE: Duration = Duration::from_secs(60 * 60);
/// How long after its last use a resume token works.
pub const RESUME_LIFE: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// How long after its last use a token works that the site's backend was given: it gets another one with every page.
pub const ISSUED_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Session tokens.
pub const SESSION: TokenKind = TokenKind::new("vst_");

/// File tickets: they stand in addresses of pictures and players, and open the files of the visitor's own chat and nothing else.
pub const FILE_TICKET: TokenKind = TokenKind::new("vft_");

const ISSUED_PREFIX: &str = "vit_";
const RESUME_PREFIX: &str = "vrt_";

/// What the database keeps of a token.
pub type Digest = [u8; 32];

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
    secrets::is_random_token(random).then(|| secrets::sha256(text.as_bytes()))
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
    fn a_resume_token_reads_back_and_opens_no_session() {
        let (text, digest) = new_resume_token();
        assert_eq!(resume_digest(&text), Some(digest));
        assert_eq!(SESSION.read(&text), None);
    }

    #[test]
    fn a_file_ticket_is_no_session_token_whatever_stands_before_it() {
        let ticket = FILE_TICKET.generate(AccountId::generate());
        assert_eq!(SESSION.read(&ticket.text), None);
        let renamed = ticket.text.replace("vft_", "vst_");
        let (_, digest) = SESSION.read(&renamed).expect("the form of a token");
        assert_ne!(digest, ticket.digest);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "(vst_|vrt_)?\\PC{0,90}") {
            let _ = SESSION.read(&text);
            let _ = resume_digest(&text);
        }
    }
}
