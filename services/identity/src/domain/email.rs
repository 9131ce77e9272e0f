//! E-mail addresses as log-in names.

use std::str::FromStr;

use email_address::{EmailAddress, Options};
use kit::secrets::sha256;

/// The longest address that mail can carry.
pub const MAX_BYTES: usize = 254;

/// A well-formed address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// The address in a text, trimmed; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let options = Options::default()
            .without_display_text()
            .without_domain_literal();
        let fits = text.len() <= MAX_BYTES && !text.chars().any(char::is_control);
        let valid = EmailAddress::parse_with_options(text, options).is_ok()
            && EmailAddress::from_str(text).is_ok();
        (fits && valid).then(|| Self(text.to_owned()))
    }

    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the "@".
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0
            .rsplit_once('@')
            .map_or(self.0.as_str(), |(local, _)| local)
    }

    /// The key of the log-in directory: the same for every spelling in capitals and small letters.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(self.0.to_lowercase().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_do_not_make_another_address() {
        let digest = |text| Email::parse(text).expect("an address").digest();
        assert_eq!(digest("Anna@Example.com"), digest(" anna@example.COM "));
        assert_ne!(digest("anna@example.com"), digest("anna@example.org"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(MAX_BYTES));
        for text in [
            "",
            "anna",
            "anna@",
            "@example.com",
            "a b@example.com",
            "Anna <anna@example.com>",
            "a\0@example.com",
            &long,
        ] {
            assert_eq!(Email::parse(text), None, "{text:?}");
        }
    }
}
