//! The access token: a JWT (RFC 7519) signed with Ed25519, as RFC 8725 asks for it.
//!
//! One algorithm, an explicit type per kind of caller, an issuer, an audience and at most five minutes of life. The header's
//! `typ` and the audience must agree, so that a token of one kind is never taken for another. What a token says is exactly
//! a [`Principal`] and a language.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kit::Refusal;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use types::{AccountId, GroupId, Language, SessionId};
use uuid::Uuid;

use crate::caller::Verified;
use crate::{Principal, Role};

/// How long an access token lives. A token that claims more is refused.
pub const LIFE: Duration = Duration::from_secs(5 * 60);

const ISSUER: &str = "beseda";
/// How far the clocks of two machines may differ before a fresh token seems to come from the future.
const CLOCK_SKEW: Duration = Duration::from_secs(5);
/// PKCS #8 frame of a bare Ed25519 seed (RFC 8410): the 32 bytes follow.
const PKCS8_FRAME: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// What kind of caller a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Employee,
    Program,
    Service,
}

impl Kind {
    fn of(principal: &Principal) -> Self {
        match principal {
            Principal::Employee { .. } => Self::Employee,
            Principal::Program { .. } => Self::Program,
            Principal::Service { .. } => Self::Service,
        }
    }

    fn typ(self) -> &'static str {
        match self {
            Self::Employee => "employee+jwt",
            Self::Program => "program+jwt",
            Self::Service => "service+jwt",
        }
    }

    fn audience(self) -> &'static str {
        match self {
            Self::Employee | Self::Program => "beseda.api",
            Self::Service => "beseda.services",
        }
    }

    fn from_typ(typ: &str) -> Option<Self> {
        [Self::Employee, Self::Program, Self::Service]
            .into_iter()
            .find(|kind| kind.typ() == typ)
    }
}

/// The claims on the wire.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    acc: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grp: Option<GroupId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scp: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ver: Option<Uuid>,
    lang: String,
}

/// What a token is to say.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Who it is for.
    pub principal: Principal,
    /// In which language they read.
    pub language: Language,
    /// The version of what the token says. When it is revoked, the token counts as expired: the next one, from the same
    /// session, says what is true now. This is how a change of role takes effect at once.
    pub version: Option<Uuid>,
    /// When the principal itself ends, if it does: no token lives longer.
    pub until: Option<OffsetDateTime>,
}

impl Grant {
    /// A grant that only says who.
    #[must_use]
    pub fn new(principal: Principal, language: Language) -> Self {
        Self {
            principal,
            language,
            version: None,
            until: None,
        }
    }
}

/// A key that signs tokens. Only identity has one.
pub struct SigningKey {
    id: String,
    key: EncodingKey,
}

impl SigningKey {
    /// A key from its id and Ed25519 seed.
    #[must_use]
    pub fn new(id: String, seed: &[u8; 32]) -> Self {
        let der = [&PKCS8_FRAME[..], seed].concat();
        Self {
            id,
            key: EncodingKey::from_ed_der(&der),
        }
    }

    /// A token from `now` on, for [`LIFE`] at most, and when it expires.
    ///
    /// # Errors
    /// INTERNAL when the key is none.
    pub fn sign(
        &self,
        grant: &Grant,
        now: OffsetDateTime,
    ) -> Result<(String, OffsetDateTime), Refusal> {
        let kind = Kind::of(&grant.principal);
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(kind.typ().to_owned());
        header.kid = Some(self.id.clone());
        let longest = now + LIFE;
        let expires = grant.until.map_or(longest, |until| until.min(longest));
        let claims = claims(grant, now, expires);
        let token = jsonwebtoken::encode(&header, &claims, &self.key).map_err(Refusal::internal)?;
        // The claim has whole seconds, and what is promised must not be later than what is checked.
        let expires = expires.replace_nanosecond(0).unwrap_or(expires);
        Ok((token, expires))
    }
}

fn claims(grant: &Grant, now: OffsetDateTime, expires: OffsetDateTime) -> Claims {
    let principal = &grant.principal;
    let mut claims = Claims {
        iss: ISSUER.to_owned(),
        aud: Kind::of(principal).audience().to_owned(),
        sub: String::new(),
        iat: now.unix_timestamp(),
        nbf: now.unix_timestamp(),
        exp: expires.unix_timestamp(),
        acc: principal.account(),
        sid: None,
        role: None,
        grp: None,
        name: None,
        scp: None,
        ver: grant.version,
        lang: grant.language.tag().to_owned(),
    };
    match principal {
        Principal::Employee {
            user,
            session,
            role,
            group,
            name,
            ..
        } => {
            claims.sub = user.to_string();
            claims.sid = Some(*session);
            claims.role = Some(*role);
            claims.grp = *group;
            claims.name = Some(name.clone());
        }
        Principal::Program { key, scopes, .. } => {
            claims.sub = key.to_string();
            claims.scp = Some(scopes.to_vec());
        }
        Principal::Service { name } => claims.sub.clone_from(name),
    }
    claims
}

fn principal(kind: Kind, claims: Claims) -> Option<Principal> {
    Some(match kind {
        Kind::Employee => Principal::Employee {
            account: claims.acc?,
            user: claims.sub.parse().ok()?,
            session: claims.sid?,
            role: claims.role?,
            group: claims.grp,
            name: claims.name?,
        },
        Kind::Program => Principal::Program {
            account: claims.acc?,
            key: claims.sub.parse().ok()?,
            scopes: claims.scp?.into(),
        },
        Kind::Service => Principal::Service { name: claims.sub },
    })
}

/// A public key as a JSON Web Key Set has it (RFC 8037).
#[derive(Serialize, Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    kid: String,
    x: String,
    #[serde(default)]
    alg: String,
    #[serde(default, rename = "use")]
    usage: String,
}

#[derive(Serialize, Deserialize)]
struct Jwks<K> {
    keys: Vec<K>,
}

/// The JSON Web Key Set of public keys, by id.
#[must_use]
pub fn jwks_json<'a>(keys: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let keys = keys
        .into_iter()
        .map(|(id, public)| Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            kid: id.to_owned(),
            x: BASE64URL_NOPAD.encode(public),
            alg: "EdDSA".to_owned(),
            usage: "sig".to_owned(),
        })
        .collect();
    serde_json::to_string(&Jwks { keys }).unwrap_or_default()
}

/// The public keys that tokens are checked with, by id.
#[derive(Default)]
pub(crate) struct VerifyingKeys(HashMap<String, DecodingKey>);

impl VerifyingKeys {
    /// The Ed25519 keys of a JSON Web Key Set; keys of other kinds are left out, as RFC 7517 asks.
    pub(crate) fn parse(jwks_json: &str) -> Result<Self, serde_json::Error> {
        let set: Jwks<serde_json::Value> = serde_json::from_str(jwks_json)?;
        let keys = set
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value::<Jwk>(key).ok())
            .filter(|key| key.kty == "OKP" && key.crv == "Ed25519")
            .filter_map(|key| Some((key.kid, ed25519(&key.x)?)))
            .collect();
        Ok(Self(keys))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Is every key of `self` in `newer`, too?
    pub(crate) fn all_in(&self, newer: &Self) -> bool {
        self.0.keys().all(|id| newer.0.contains_key(id))
    }
}

fn ed25519(x: &str) -> Option<DecodingKey> {
    // The length is checked here because the signature check would slice without looking.
    let bytes = BASE64URL_NOPAD.decode(x.as_bytes()).ok()?;
    (bytes.len() == 32).then(|| DecodingKey::from_ed_der(&bytes))
}

/// What came of looking at a token.
pub(crate) enum Decoded {
    /// Its signature, issuer, audience, kind and times are right.
    Verified(Verified),
    /// It names a key that is not among the keys known.
    UnknownKey,
}

/// Checks a token against the known keys and the time.
pub(crate) fn decode(
    token: &str,
    keys: &VerifyingKeys,
    now: OffsetDateTime,
) -> Result<Decoded, Refusal> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::token_invalid())?;
    let kind = header.typ.as_deref().and_then(Kind::from_typ);
    let (Algorithm::EdDSA, Some(kind), Some(id)) = (header.alg, kind, header.kid) else {
        return Err(Refusal::token_invalid());
    };
    let Some(key) = keys.0.get(&id) else {
        return Ok(Decoded::UnknownKey);
    };
    let claims = jsonwebtoken::decode::<Claims>(token, key, &validation(kind))
        .map_err(|_| Refusal::token_invalid())?
        .claims;
    verified(token, kind, claims, now).map(Decoded::Verified)
}

/// The library checks signature, algorithm, issuer and audience; times are checked here, against our own clock.
fn validation(kind: Kind) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.required_spec_claims = ["exp", "nbf", "iss", "aud", "sub"]
        .map(str::to_owned)
        .into();
    validation.iss = Some(HashSet::from([ISSUER.to_owned()]));
    validation.aud = Some(HashSet::from([kind.audience().to_owned()]));
    validation
}

fn verified(
    token: &str,
    kind: Kind,
    claims: Claims,
    now: OffsetDateTime,
) -> Result<Verified, Refusal> {
    let time = |seconds| {
        OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| Refusal::token_invalid())
    };
    let (issued, not_before, expires) = (time(claims.iat)?, time(claims.nbf)?, time(claims.exp)?);
    if expires - issued > LIFE {
        return Err(Refusal::token_invalid());
    }
    let (language, version) = (Language::from_tag(&claims.lang), claims.ver);
    let principal = principal(kind, claims).ok_or_else(Refusal::token_invalid)?;
    let verified = Verified {
        principal,
        language,
        version,
        not_before,
        expires,
        token: Arc::from(token),
    };
    verified.check_time(now)?;
    Ok(verified)
}

impl Verified {
    /// Refuses before and after the token's time.
    pub(crate) fn check_time(&self, now: OffsetDateTime) -> Result<(), Refusal> {
        if now >= self.expires {
            return Err(Refusal::token_expired());
        }
        if now + CLOCK_SKEW < self.not_before {
            return Err(Refusal::token_invalid());
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
