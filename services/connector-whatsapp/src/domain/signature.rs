//! How WhatsApp proves that a call is its own.

use data_encoding::HEXLOWER_PERMISSIVE;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// Was the body signed with the app's secret? `header` is "sha256=" and the signature in hexadecimal digits; both are compared in
/// constant time.
#[must_use]
pub fn is_signed(secret: &SecretString, header: &str, body: &[u8]) -> bool {
    let Some(given) = header.strip_prefix("sha256=") else {
        return false;
    };
    let Ok(given) = HEXLOWER_PERMISSIVE.decode(given.as_bytes()) else {
        return false;
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    hmac::verify(&key, body, &given).is_ok()
}

/// Are both the same text? In constant time.
#[must_use]
pub fn is_same(secret: &SecretString, given: &str) -> bool {
    bool::from(secret.expose_secret().as_bytes().ct_eq(given.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"object":"whatsapp_business_account","entry":[]}"#;
    const SIGNED: &str = "sha256=d3e4f9da0ce6c71ab3dba55929b8eeeee2455349e534924ead19f98d143e904f";

    #[test]
    fn only_the_very_bytes_with_the_very_secret_are_signed() {
        let secret = SecretString::from("app-secret");
        assert!(is_signed(&secret, SIGNED, BODY));
        assert!(is_signed(&secret, &SIGNED.replace("d3e4", "D3E4"), BODY));
        for (header, body) in [
            ("", BODY),
            ("sha256=", BODY),
            (&SIGNED[7..], BODY),
            (&SIGNED[..SIGNED.len() - 2], BODY),
            (&SIGNED.replace("d3e4", "d3e5"), BODY),
            (SIGNED, &BODY[..BODY.len() - 1]),
        ] {
            assert!(!is_signed(&secret, header, body), "{header}");
        }
        assert!(!is_signed(&SecretString::from("other"), SIGNED, BODY));
    }
}
