use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;
use time::macros::datetime;
use types::{ApiKeyId, UserId};

use super::*;

const SEED: [u8; 32] = [7; 32];
const NOW: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);

fn keys(ids: &[&str]) -> VerifyingKeys {
    let pair = Ed25519KeyPair::from_seed_unchecked(&SEED).expect("a key");
    let public = pair.public_key().as_ref();
    VerifyingKeys::parse(&jwks_json(ids.iter().map(|id| (*id, public)))).expect("a key set")
}

fn employee() -> Principal {
    Principal::Employee {
        account: AccountId::generate(),
        user: UserId::generate(),
        session: SessionId::generate(),
        role: Role::Manager,
        group: Some(GroupId::generate()),
        name: "Мария".to_owned(),
    }
}

fn program() -> Principal {
    Principal::Program {
        account: AccountId::generate(),
        key: ApiKeyId::generate(),
        scopes: ["inbox.read".to_owned()].into(),
    }
}

fn service() -> Principal {
    Principal::Service {
        name: "conversations".to_owned(),
    }
}

fn sign(principal: &Principal) -> String {
    let key = SigningKey::new("k1".to_owned(), &SEED);
    let grant = Grant::new(principal.clone(), Language::Ru);
    key.sign(&grant, NOW).expect("a token").0
}

fn reason(token: &str, now: OffsetDateTime) -> Result<Verified, &'static str> {
    match decode(token, &keys(&["k1"]), now) {
        Ok(Decoded::Verified(verified)) => Ok(verified),
        Ok(Decoded::UnknownKey) => Err("unknown key"),
        Err(refusal) => Err(refusal.reason_name()),
    }
}

/// A token with a header and claims of the test's choice, signed with the right key.
fn forge(header: &serde_json::Value, claims: &serde_json::Value) -> String {
    let part = |value: &serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", part(header), part(claims));
    let pair = Ed25519KeyPair::from_seed_unchecked(&SEED).expect("a key");
    let signature = BASE64URL_NOPAD.encode(pair.sign(message.as_bytes()).as_ref());
    format!("{message}.{signature}")
}

fn good_header() -> serde_json::Value {
    json!({ "alg": "EdDSA", "typ": "service+jwt", "kid": "k1" })
}

fn good_claims() -> serde_json::Value {
    let now = NOW.unix_timestamp();
    json!({ "iss": "beseda", "aud": "beseda.services", "sub": "gateway", "iat": now, "nbf": now, "exp": now + 300, "lang": "ru" })
}

fn with(mut value: serde_json::Value, key: &str, changed: serde_json::Value) -> serde_json::Value {
    value[key] = changed;
    value
}

#[test]
fn a_token_says_who_it_was_made_for() {
    for principal in [employee(), program(), service()] {
        let verified = reason(&sign(&principal), NOW).expect("verified");
        assert_eq!(verified.principal, principal);
        assert_eq!(verified.language, Language::Ru);
    }
}

#[test]
fn a_token_dies_with_its_time_and_is_not_believed_before_it() {
    let token = sign(&employee());
    assert!(reason(&token, NOW + LIFE - Duration::from_secs(1)).is_ok());
    assert_eq!(reason(&token, NOW + LIFE).err(), Some("TOKEN_EXPIRED"));
    assert!(reason(&token, NOW - CLOCK_SKEW).is_ok());
    assert_eq!(
        reason(&token, NOW - CLOCK_SKEW * 2).err(),
        Some("TOKEN_INVALID")
    );
}

#[test]
fn a_well_signed_token_with_a_wrong_header_or_claim_is_refused() {
    assert!(reason(&forge(&good_header(), &good_claims()), NOW).is_ok());
    let headers = [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("typ", json!("employee+jwt")),
        ("typ", json!("JWT")),
        ("typ", json!(null)),
        ("kid", json!(null)),
    ];
    for (key, value) in headers {
        let token = forge(&with(good_header(), key, value.clone()), &good_claims());
        assert_eq!(
            reason(&token, NOW).err(),
            Some("TOKEN_INVALID"),
            "{key} {value}"
        );
    }
    let claims = [
        ("iss", json!("somebody")),
        ("aud", json!("beseda.api")),
        ("aud", json!(null)),
        ("exp", json!(NOW.unix_timestamp() + 301)),
        ("exp", json!("never")),
        ("sub", json!(null)),
    ];
    for (key, value) in claims {
        let token = forge(&good_header(), &with(good_claims(), key, value.clone()));
        assert_eq!(
            reason(&token, NOW).err(),
            Some("TOKEN_INVALID"),
            "{key} {value}"
        );
    }
}

#[test]
fn a_change_of_any_letter_is_noticed() {
    let token = sign(&service());
    for place in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        assert!(reason(&changed, NOW).is_err(), "letter {place}");
    }
}

#[test]
fn a_key_nobody_published_is_unknown() {
    let token = forge(&with(good_header(), "kid", json!("k2")), &good_claims());
    assert_eq!(reason(&token, NOW).err(), Some("unknown key"));
}

#[test]
fn keys_of_other_kinds_and_lengths_are_left_out() {
    let set = r#"{"keys":[{"kty":"RSA","kid":"r","n":"AQAB","e":"AQAB"},{"kty":"OKP","crv":"Ed25519","kid":"short","x":"AAAA"}]}"#;
    assert!(VerifyingKeys::parse(set).expect("a key set").is_empty());
    assert!(VerifyingKeys::parse("[]").is_err());
}

#[test]
fn a_withdrawn_key_is_noticed() {
    assert!(keys(&["k1"]).all_in(&keys(&["k1", "k2"])));
    assert!(!keys(&["k1", "k2"]).all_in(&keys(&["k2"])));
}

#[test]
fn no_token_outlives_what_it_stands_for() {
    let key = SigningKey::new("k1".to_owned(), &SEED);
    let until = NOW + Duration::from_secs(30);
    let grant = Grant {
        until: Some(until),
        ..Grant::new(program(), Language::En)
    };
    let (token, expires) = key.sign(&grant, NOW).expect("a token");
    assert_eq!(expires, until);
    assert_eq!(reason(&token, until).err(), Some("TOKEN_EXPIRED"));
}
