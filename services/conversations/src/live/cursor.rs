//! Where a live stream goes on: opaque to clients, bound to the account.

use data_encoding::BASE64URL_NOPAD;
use events::{Place, shard_of};
use kit::Refusal;
use types::AccountId;

/// A place in an account's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub Place);

/// The first byte, so that the form can change.
const VERSION: u8 = 1;

impl Cursor {
    /// As clients carry it. The account is in it as a check, so that a cursor used elsewhere is noticed.
    #[must_use]
    pub fn encode(self, account: AccountId) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(account.uuid().as_bytes());
        bytes.extend(self.0.position.to_be_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// What a client carried; `None` when it carried nothing.
    ///
    /// # Errors
    /// CURSOR_INVALID when it is not a cursor of this account.
    pub fn decode(text: &str, account: AccountId) -> Result<Option<Self>, Refusal> {
        if text.is_empty() {
            return Ok(None);
        }
        let bytes = BASE64URL_NOPAD
            .decode(text.as_bytes())
            .map_err(|_| Refusal::cursor_invalid())?;
        let [VERSION, rest @ ..] = &bytes[..] else {
            return Err(Refusal::cursor_invalid());
        };
        let (owner, position) = rest
            .split_at_checked(16)
            .ok_or_else(Refusal::cursor_invalid)?;
        let position = position
            .try_into()
            .map(i64::from_be_bytes)
            .map_err(|_| Refusal::cursor_invalid())?;
        if owner != account.uuid().as_bytes() || position < 0 {
            return Err(Refusal::cursor_invalid());
        }
        Ok(Some(Self(Place {
            shard: shard_of(account),
            position,
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_is_good_for_its_account_only(position in 0i64..) {
            let (account, other) = (AccountId::generate(), AccountId::generate());
            let cursor = Cursor(Place { shard: shard_of(account), position });
            let text = cursor.encode(account);
            prop_assert_eq!(Cursor::decode(&text, account).expect("own cursor"), Some(cursor));
            prop_assert!(Cursor::decode(&text, other).is_err());
        }

        #[test]
        fn garbage_is_no_cursor(text in "\\PC{1,60}") {
            prop_assert!(Cursor::decode(&text, AccountId::generate()).is_err());
        }
    }
}
