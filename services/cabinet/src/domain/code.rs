//! Codes: random, kept under a key, used once, for a short time, with few tries.
//!
//! A code belongs to the browser that asked for it: it comes back with the request's token, which nobody else has. What the database
//! keeps of a code is of no use without the installation's key, though there are only a million codes.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use kit::secrets;
use kit::secrets::MasterKey;
use ring::hmac;
use subtle::ConstantTimeEq;
use types::{AccountId, SmsProviderId};
use uuid::Uuid;

use super::text::{CODE_DIGITS, Purpose};

/// How long a code works.
pub const LIFE: Duration = Duration::from_secs(5 * 60);
/// How often it may be tried.
pub const TRIES: i16 = 5;

const PREFIX: &str = "crq_";
const RANDOM_LETTERS: usize = 43;

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

/// The token of a request for a code, as the browser holds it: `crq_<account>_<random>`. The account stands in front so that the row
/// is found through a key that begins with the account, as every key does; it proves nothing.
pub struct RequestToken {
    /// The whole text. Never log it.
    pub text: String,
    /// What the database keeps.
    pub digest: Digest,
}

impl RequestToken {
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

/// The account that a token of the form `<prefix><account>_<random>` names.
pub(super) fn account_of(text: &str, prefix: &str) -> Option<AccountId> {
    let (account, random) = text.strip_prefix(prefix)?.split_once('_')?;
    let is_random = random.len() == RANDOM_LETTERS
        && random
            .bytes()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_'));
    if account.len() != 32 || !is_random {
        return None;
    }
    Some(Uuid::try_parse(account).ok()?.into())
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

    #[test]
    fn a_token_reads_back_and_never_repeats() {
        let account = AccountId::generate();
        let (one, two) = (
            RequestToken::generate(account),
            RequestToken::generate(account),
        );
        assert_eq!(RequestToken::read(&one.text), Some((account, one.digest)));
        assert_ne!(one.digest, two.digest);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "(crq_)?\\PC{0,90}") {
            let _ = RequestToken::read(&text);
        }
    }
}
