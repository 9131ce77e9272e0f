//! Keys of backend programs and connectors.

use kit::secrets::{random_token, sha256};
use time::OffsetDateTime;
use types::ApiKeyId;
use uuid::Uuid;

/// How many scopes a key has at most.
pub const MAX_SCOPES: usize = 20;

/// The scope of the key of the CRM widget. No other key can have it.
pub const WIDGET_SCOPE: &str = "sessions.begin";

const PREFIX: &str = "bsk_";
const SCOPES: [&str; 8] = [
    "inbox.read",
    "inbox.write",
    "crm.read",
    "crm.write",
    "settings.read",
    "settings.write",
    "rights.read",
    "visitors.issue",
];
const CONNECTOR: &str = "connector:";

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id: the client id.
    pub id: ApiKeyId,
    /// Name for people.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<String>,
    /// When it stops working.
    pub expire_time: Option<OffsetDateTime>,
    /// When it was made.
    pub create_time: OffsetDateTime,
    /// When it was revoked.
    pub revoke_time: Option<OffsetDateTime>,
}

impl ApiKey {
    /// Does it work now?
    #[must_use]
    pub fn works(&self, now: OffsetDateTime) -> bool {
        self.revoke_time.is_none() && self.expire_time.is_none_or(|end| now < end)
    }
}

/// Is it a scope that a key can have?
#[must_use]
pub fn is_scope(text: &str) -> bool {
    let connector_key = |key: &str| {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=64).contains(&key.len()) && key.bytes().all(fits)
    };
    SCOPES.contains(&text) || text.strip_prefix(CONNECTOR).is_some_and(connector_key)
}

/// The secret of a key: "bsk_", the key's id in hexadecimal, an underscore, 256 random bits. Only its digest is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    key: ApiKeyId,
    text: String,
}

impl Secret {
    /// A new secret of a key.
    #[must_use]
    pub fn generate(key: ApiKeyId) -> Self {
        let text = format!("{PREFIX}{}_{}", key.uuid().simple(), random_token());
        Self { key, text }
    }

    /// The secret in a text; `None` when it has another shape.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, random) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let key = Uuid::try_parse(id).ok().filter(|_| id.len() == 32)?;
        (random.len() == 43).then(|| Self {
            key: key.into(),
            text: text.to_owned(),
        })
    }

    /// Whose it is.
    #[must_use]
    pub fn key(&self) -> ApiKeyId {
        self.key
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(self.text.as_bytes())
    }

    /// The text, to be shown once.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_names_its_key() {
        let key = ApiKeyId::generate();
        let secret = Secret::generate(key);
        let parsed = Secret::parse(&secret.clone().into_text()).expect("a secret");
        assert_eq!(parsed.key(), key);
        assert_eq!(parsed.digest(), secret.digest());
    }

    #[test]
    fn other_texts_are_no_secrets() {
        let text = Secret::generate(ApiKeyId::generate()).into_text();
        for other in [
            "",
            "bsk_",
            "bsk_1_2",
            &text[1..],
            &text[..text.len() - 1],
            &text.replace("bsk_", "bsx_"),
        ] {
            assert!(Secret::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn scopes_are_a_closed_list_and_connectors() {
        for scope in [
            "inbox.read",
            "settings.write",
            "connector:telegram",
            "connector:my-own-2",
        ] {
            assert!(is_scope(scope), "{scope}");
        }
        for scope in [
            "",
            "inbox",
            "*",
            "connector:",
            "connector:Ä",
            "connector:a b",
            "INBOX.READ",
        ] {
            assert!(!is_scope(scope), "{scope}");
        }
    }
}
