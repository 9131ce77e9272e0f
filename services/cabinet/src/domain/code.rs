//! Codes: random, kept under a key, used once, for a short time, with few tries.
//!
//! A code belongs to the browser that asked for it: it comes back with the request's token, which nobody else has. What the database
//! keeps of a code is of no use without the installation's key, though there are only a million codes.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use kit::secrets;
use kit::secrets::{MasterKey, TokenKind};
use ring::hmac;
use subtle::ConstantTimeEq;
use types::{AccountId, SmsProviderId};

use super::text::{CODE_DIGITS, Purpose};

/// How long a code works.
pub const LIFE: Duration = Duration::from_secs(5 * 60);
/// How often it may be tried.
pub const TRIES: i16 = 5;

/// Tokens of requests for a code.
pub const REQUEST: TokenKind = TokenKind::new("crq_");

/// What the database keeps of a code, of a token, of a number.
pub type Digest = [u8; 32];

/// A code that was made.
pub struct Code {
    /// Its digits. Never log it.
    pub text: String,
}

impl Code {
    /// A new one; every one of a million is as likely as any other.
    #[must_use]
    pub fn generate() -> Self {
        Self {
            text: secrets::random_digits(CODE_DIGITS),
        }
    }
}

/// The keys under which codes and numbers are kept.
#[derive(Clone)]
pub struct Keys {
    codes: hmac::Key,
    numbers: hmac::Key,
    hooks: hmac::Key,
}

impl Keys {
    /// From the installation's key.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        let key = |purpose| hmac::Key::new(hmac::HMAC_SHA256, &master.derive(purpose));
        Self {
            codes: key("cabinet-codes"),
            numbers: key("cabinet-numbers"),
            hooks: key("cabinet-hooks"),
        }
    }

    /// What is kept of a code: it works for this request, number and purpose only.
    #[must_use]
    pub fn code(&self, request: &Digest, phone: &str, purpose: Purpose, code: &str) -> Digest {
        let purpose = match purpose {
            Purpose::LogIn => "log-in",
            Purpose::Erasure => "erasure",
        };
        let mut context = hmac::Context::with_key(&self.codes);
        context.update(request);
        // Neither part can contain a line break.
        context.update(format!("{purpose}\n{phone}\n{code}").as_bytes());
        digest(&context.sign())
    }

    /// The secret with which a provider of SMS reports deliveries.
    #[must_use]
    pub fn hook(&self, account: AccountId, provider: SmsProviderId) -> String {
        let mut context = hmac::Context::with_key(&self.hooks);
        context.update(account.uuid().as_bytes());
        context.update(provider.uuid().as_bytes());
        BASE64URL_NOPAD.encode(context.sign().as_ref())
    }

    /// What is kept of a telephone number or an address where it is only counted.
    #[must_use]
    pub fn number(&self, account: AccountId, text: &str) -> Digest {
        let mut context = hmac::Context::with_key(&self.numbers);
        context.update(account.uuid().as_bytes());
        context.update(text.as_bytes());
        digest(&context.sign())
    }
}

fn digest(tag: &hmac::Tag) -> Digest {
    let mut digest = [0; 32];
    digest.copy_from_slice(tag.as_ref());
    digest
}

/// Are they the same? Takes the same time whatever they are.
#[must_use]
pub fn same(one: &Digest, other: &Digest) -> bool {
    bool::from(one.ct_eq(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys() -> Keys {
        let text = MasterKey::generate();
        Keys::new(&MasterKey::parse(&text).expect("a key"))
    }

    #[test]
    fn a_code_has_six_digits_whatever_its_number() {
        for _ in 0..1000 {
            let code = Code::generate().text;
            assert!(
                code.len() == CODE_DIGITS && code.bytes().all(|b| b.is_ascii_digit()),
                "{code}"
            );
        }
    }

    #[test]
    fn a_code_is_bound_to_request_number_and_purpose() {
        let keys = keys();
        let (one, two) = (secrets::sha256(b"1"), secrets::sha256(b"2"));
        let right = keys.code(&one, "+79990000001", Purpose::LogIn, "123456");
        assert!(same(
            &right,
            &keys.code(&one, "+79990000001", Purpose::LogIn, "123456")
        ));
        for other in [
            keys.code(&two, "+79990000001", Purpose::LogIn, "123456"),
            keys.code(&one, "+79990000002", Purpose::LogIn, "123456"),
            keys.code(&one, "+79990000001", Purpose::Erasure, "123456"),
            keys.code(&one, "+79990000001", Purpose::LogIn, "123457"),
            self::keys().code(&one, "+79990000001", Purpose::LogIn, "123456"),
        ] {
            assert!(!same(&right, &other));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "(crq_)?\\PC{0,90}") {
            let _ = REQUEST.read(&text);
        }
    }
}
