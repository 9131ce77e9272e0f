//! Values that are not told but can be recognised.

use api::erasure::internal::v1 as wire;
use kit::Refusal;
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::person::{Kind, Value};

/// The key of an erasure's digests.
#[derive(Debug, Clone)]
pub struct Salt(hmac::Key);

impl Salt {
    /// From its bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The digest of a normal form.
    pub(crate) fn digest(&self, key: &str) -> Vec<u8> {
        hmac::sign(&self.0, key.as_bytes()).as_ref().to_vec()
    }
}

/// The digest of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// What it is.
    pub kind: Kind,
    /// How many words; 0 for a telephone number.
    pub words: u32,
    /// The digest.
    pub digest: Vec<u8>,
    /// Is it looked for within texts, or only where it is the whole text?
    pub within: bool,
}

impl Digest {
    /// Of a value; `None` for one that has nothing to compare.
    #[must_use]
    pub fn of(value: &Value, salt: &Salt) -> Option<Self> {
        let form = value.form()?;
        Some(Self {
            kind: value.kind,
            words: u32::try_from(form.words).unwrap_or(u32::MAX),
            digest: salt.digest(&form.key),
            within: form.within,
        })
    }

    /// Of a value that has nothing to compare, so that the values keep their places: it is found nowhere.
    #[must_use]
    pub fn of_nothing(value: &Value) -> Self {
        Self {
            kind: value.kind,
            words: 1,
            digest: Vec::new(),
            within: false,
        }
    }

    /// As the contract carries it.
    #[must_use]
    pub fn to_wire(&self) -> wire::ValueDigest {
        wire::ValueDigest {
            kind: self.kind.wire().into(),
            words: self.words,
            digest: self.digest.clone(),
            within: self.within,
        }
    }

    /// From the contract.
    ///
    /// # Errors
    /// FIELD_INVALID for a digest of no kind.
    pub fn from_wire(digest: wire::ValueDigest) -> Result<Self, Refusal> {
        let kind = Kind::from_wire(digest.kind())
            .ok_or_else(|| Refusal::field("digests", "must be of a kind"))?;
        Ok(Self {
            kind,
            words: digest.words,
            digest: digest.digest,
            within: digest.within,
        })
    }
}
