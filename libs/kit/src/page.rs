//! Page tokens: where a list goes on. A token is opaque, belongs to one method, filter and account, and grants nothing.

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use types::AccountId;

use crate::refusal::Refusal;

/// What a token is bound to.
#[derive(Debug, Clone, Copy)]
pub struct PageToken<'a> {
    /// The method, for example "ListUsers".
    pub method: &'a str,
    /// The caller's account.
    pub account: AccountId,
}

impl PageToken<'_> {
    /// A token that says `key`, for this method and account and `filters`.
    #[must_use]
    pub fn encode(&self, filters: &impl Serialize, key: &impl Serialize) -> String {
        let body = serde_json::to_vec(&(self.binding(filters), key)).unwrap_or_default();
        BASE64URL_NOPAD.encode(&body)
    }

    /// The key of a token made for the same method, account and filters; `None` for the first page.
    ///
    /// # Errors
    /// PAGE_TOKEN_MISMATCH for any other text.
    pub fn decode<K: DeserializeOwned>(
        &self,
        filters: &impl Serialize,
        token: &str,
    ) -> Result<Option<K>, Refusal> {
        if token.is_empty() {
            return Ok(None);
        }
        let body = BASE64URL_NOPAD
            .decode(token.as_bytes())
            .map_err(|_| Refusal::page_token_mismatch())?;
        let (binding, key): (String, K) =
            serde_json::from_slice(&body).map_err(|_| Refusal::page_token_mismatch())?;
        if binding == self.binding(filters) {
            Ok(Some(key))
        } else {
            Err(Refusal::page_token_mismatch())
        }
    }

    fn binding(&self, filters: &impl Serialize) -> String {
        let bound =
            serde_json::to_vec(&(1, self.method, self.account, filters)).unwrap_or_default();
        BASE64URL_NOPAD.encode(&crate::secrets::sha256(&bound)[..12])
    }
}

/// The number of items of a page: 0 means `default`, too large means `largest`.
///
/// # Errors
/// FIELD_INVALID for a negative size.
pub fn page_size(requested: i32, default: i64, largest: i64) -> Result<i64, Refusal> {
    match requested {
        0 => Ok(default),
        size if size < 0 => Err(Refusal::field("page_size", "must not be negative")),
        size => Ok(i64::from(size).min(largest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use types::AccountId;

    proptest! {
        #[test]
        fn a_token_gives_its_key_back_only_where_it_was_made(key: (i64, u128), filter: String, other: String) {
            let account = AccountId::generate();
            let place = PageToken { method: "List", account };
            let token = place.encode(&filter, &key);
            prop_assert_eq!(place.decode::<(i64, u128)>(&filter, &token).expect("same place"), Some(key));
            let other_method = PageToken { method: "Other", account };
            let other_account = PageToken { method: "List", account: AccountId::generate() };
            let moved = [other_method, other_account].map(|place| place.decode::<(i64, u128)>(&filter, &token).is_err());
            prop_assert_eq!(moved, [true, true]);
            prop_assert_eq!(place.decode::<(i64, u128)>(&other, &token).is_ok(), other == filter);
        }

        #[test]
        fn garbage_is_refused_not_believed(text in "\\PC{1,80}") {
            let place = PageToken { method: "List", account: AccountId::generate() };
            let decoded = place.decode::<(i64, u128)>(&(), &text);
            prop_assert!(decoded.is_err());
        }
    }
}
