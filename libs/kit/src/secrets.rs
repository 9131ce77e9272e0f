//! The master key and what is made from it; unguessable tokens; digests.
//!
//! One key from the environment protects what must be read back: signing keys, bot tokens. Values are sealed with
//! ChaCha20-Poly1305, bound to a context, and carry the id of the key, so that a new key can be put in front of the old
//! one (`BESEDA_MASTER_KEY="new,old"`) and old values still open. Role passwords and service secrets are derived.

use std::fmt;
use std::sync::Arc;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::aead::{self, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use secrecy::SecretString;
use types::AccountId;
use uuid::Uuid;

const KEY_BYTES: usize = 32;
const KEY_ID_BYTES: usize = 4;

/// Why a key or a sealed value cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The variable is not set.
    #[error("{VARIABLE} is not set; make one with `openssl rand -base64 32`")]
    Missing,
    /// The variable is no list of keys.
    #[error(
        "{VARIABLE} must be 32 bytes in base64, or several of them separated by commas, the newest first"
    )]
    Malformed,
    /// The value was sealed with a key that is not in the list, for another context, or was changed.
    #[error("the value cannot be opened with the keys in {VARIABLE}")]
    Unopenable,
}

/// The environment variable that holds the key.
pub const VARIABLE: &str = "BESEDA_MASTER_KEY";

/// The installation's key. It does not print.
#[derive(Clone)]
pub struct MasterKey(Arc<Vec<[u8; KEY_BYTES]>>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

struct DerivedLength;
impl hkdf::KeyType for DerivedLength {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

impl MasterKey {
    /// The key that the environment holds.
    ///
    /// # Errors
    /// When it holds none, or something else.
    pub fn from_env() -> Result<Self, Error> {
        let text = std::env::var(VARIABLE).map_err(|_| Error::Missing)?;
        Self::parse(&text)
    }

    /// The keys in a text: base64, separated by commas, the newest first.
    ///
    /// # Errors
    /// When a part is not 32 bytes in base64.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let keys = text
            .split(',')
            .map(|part| {
                BASE64
                    .decode(part.trim().as_bytes())
                    .ok()
                    .and_then(|bytes| bytes.try_into().ok())
            })
            .collect::<Option<Vec<[u8; KEY_BYTES]>>>()
            .ok_or(Error::Malformed)?;
        Ok(Self(Arc::new(keys)))
    }

    /// A new key, as text for the environment.
    #[must_use]
    pub fn generate() -> String {
        BASE64.encode(&rand::random::<[u8; KEY_BYTES]>())
    }

    /// 32 bytes for one purpose, from the newest key.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; KEY_BYTES] {
        derive(&self.0[0], purpose)
    }

    /// A digest that says nothing to whoever has not the key, for what can be guessed, such as a request with a password. Digests of
    /// different purposes have nothing in common.
    #[must_use]
    pub fn digest(&self, purpose: &str, bytes: &[u8]) -> [u8; KEY_BYTES] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.derive(purpose));
        let mut digest = [0; KEY_BYTES];
        digest.copy_from_slice(hmac::sign(&key, bytes).as_ref());
        digest
    }

    /// The password of a service's database role.
    #[must_use]
    pub fn role_password(&self, role: &str) -> SecretString {
        self.derived_text(&format!("role:{role}"))
    }

    /// With what a service proves to `identity` who it is.
    #[must_use]
    pub fn service_secret(&self, service: &str) -> SecretString {
        self.derived_text(&format!("service:{service}"))
    }

    fn derived_text(&self, purpose: &str) -> SecretString {
        BASE64URL_NOPAD.encode(&self.derive(purpose)).into()
    }

    /// Encrypts a value for one place, for example `signing_key:<id>`.
    #[must_use]
    pub fn seal(&self, value: &[u8], context: &str) -> Vec<u8> {
        let newest = &self.0[0];
        let nonce: [u8; aead::NONCE_LEN] = rand::random();
        let mut sealed = value.to_vec();
        // Sealing fails only for values of more than 256 GiB.
        let _ = cipher(newest).seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context),
            &mut sealed,
        );
        [&key_id(newest)[..], &nonce, &sealed].concat()
    }

    /// Decrypts what [`MasterKey::seal`] made for the same place.
    ///
    /// # Errors
    /// When the key is not known, the place is another one, or the value was changed.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>, Error> {
        let (id, rest) = sealed
            .split_at_checked(KEY_ID_BYTES)
            .ok_or(Error::Unopenable)?;
        let (nonce, body) = rest
            .split_at_checked(aead::NONCE_LEN)
            .ok_or(Error::Unopenable)?;
        let key = self
            .0
            .iter()
            .find(|key| key_id(key) == id)
            .ok_or(Error::Unopenable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Unopenable)?;
        let mut body = body.to_vec();
        let opened = cipher(key)
            .open_in_place(nonce, Aad::from(context), &mut body)
            .map_err(|_| Error::Unopenable)?;
        Ok(opened.to_vec())
    }
}

fn derive(key: &[u8; KEY_BYTES], purpose: &str) -> [u8; KEY_BYTES] {
    let mut derived = [0; KEY_BYTES];
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"beseda/1");
    // Both steps fail only for more than 8160 bytes.
    if let Ok(okm) = salt
        .extract(key)
        .expand(&[purpose.as_bytes()], DerivedLength)
    {
        let _ = okm.fill(&mut derived);
    }
    derived
}

fn key_id(key: &[u8; KEY_BYTES]) -> [u8; KEY_ID_BYTES] {
    let id = derive(key, "key-id");
    [id[0], id[1], id[2], id[3]]
}

fn cipher(key: &[u8; KEY_BYTES]) -> LessSafeKey {
    match UnboundKey::new(&CHACHA20_POLY1305, &derive(key, "seal")) {
        Ok(key) => LessSafeKey::new(key),
        Err(_) => unreachable!("the key has the cipher's length"),
    }
}

/// 256 random bits as text for a URL or header.
#[must_use]
pub fn random_token() -> String {
    BASE64URL_NOPAD.encode(&rand::random::<[u8; 32]>())
}

/// Letters of a [`random_token`].
const RANDOM_LETTERS: usize = 43;

/// Has it the form of a [`random_token`]?
#[must_use]
pub fn is_random_token(text: &str) -> bool {
    let is_letter = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_');
    text.len() == RANDOM_LETTERS && text.bytes().all(is_letter)
}

/// A kind of token that names its account: `<prefix><account>_<random>`. The account stands in front so that the row is found through
/// a key that begins with the account, as every key does; it proves nothing. The database keeps digests only.
#[derive(Debug, Clone, Copy)]
pub struct TokenKind(&'static str);

/// A token of one of these kinds. It does not print.
pub struct Token {
    /// The whole text. Never log it.
    pub text: String,
    /// What the database keeps.
    pub digest: [u8; 32],
}

impl TokenKind {
    /// The kind with this prefix, such as "cst_".
    #[must_use]
    pub const fn new(prefix: &'static str) -> Self {
        Self(prefix)
    }

    /// A new token.
    #[must_use]
    pub fn generate(self, account: AccountId) -> Token {
        let (account, random) = (account.uuid().simple(), random_token());
        let text = format!("{}{account}_{random}", self.0);
        let digest = sha256(text.as_bytes());
        Token { text, digest }
    }

    /// Account and digest of a token that came with a call; `None` when it has not the form of one of this kind.
    #[must_use]
    pub fn read(self, text: &str) -> Option<(AccountId, [u8; 32])> {
        let (account, random) = text.strip_prefix(self.0)?.split_once('_')?;
        if account.len() != 32 || !is_random_token(random) {
            return None;
        }
        let account = Uuid::try_parse(account).ok()?;
        Some((account.into(), sha256(text.as_bytes())))
    }
}

/// So many random decimal digits; every number of that many digits is as likely as any other.
#[must_use]
pub fn random_digits(count: usize) -> String {
    (0..count)
        .map(|_| char::from(rand::random_range(b'0'..=b'9')))
        .collect()
}

/// SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_only_in_its_place() {
        let key = MasterKey::parse(&MasterKey::generate()).expect("a key");
        let sealed = key.seal(b"token", "bot:1");
        assert_eq!(key.open(&sealed, "bot:1").expect("opens"), b"token");
        assert!(key.open(&sealed, "bot:2").is_err());
        for changed in 0..sealed.len() {
            let mut other = sealed.clone();
            other[changed] ^= 1;
            assert!(key.open(&other, "bot:1").is_err(), "byte {changed}");
        }
    }

    #[test]
    fn values_of_an_older_key_open_after_rotation() {
        let (old, new) = (MasterKey::generate(), MasterKey::generate());
        let sealed = MasterKey::parse(&old)
            .expect("a key")
            .seal(b"token", "bot:1");
        let rotated = MasterKey::parse(&format!("{new},{old}")).expect("two keys");
        assert_eq!(rotated.open(&sealed, "bot:1").expect("opens"), b"token");
    }

    #[test]
    fn a_key_does_not_print() {
        let key = MasterKey::parse(&MasterKey::generate()).expect("a key");
        assert_eq!(format!("{key:?}"), "MasterKey(…)");
    }

    #[test]
    fn a_token_reads_back_as_its_own_kind_and_never_repeats() {
        const KIND: TokenKind = TokenKind::new("abc_");
        let account = AccountId::generate();
        let (one, two) = (KIND.generate(account), KIND.generate(account));
        assert_eq!(KIND.read(&one.text), Some((account, one.digest)));
        assert_ne!(one.digest, two.digest);
        assert_eq!(TokenKind::new("abd_").read(&one.text), None);
        for other in [&one.text[1..], &one.text[..one.text.len() - 1], "abc_", ""] {
            assert_eq!(KIND.read(other), None, "{other}");
        }
    }

    #[test]
    fn a_digest_needs_the_key_and_belongs_to_its_purpose() {
        let key = || MasterKey::parse(&MasterKey::generate()).expect("a key");
        let (one, other) = (key(), key());
        let digest = one.digest("requests", b"secret");
        assert_eq!(digest, one.digest("requests", b"secret"));
        assert_ne!(digest, one.digest("requests", b"secreT"));
        assert_ne!(digest, one.digest("numbers", b"secret"));
        assert_ne!(digest, other.digest("requests", b"secret"));
    }
}
