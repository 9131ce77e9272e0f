//! Identity's snapshot of an account, from the bytes of its event.

use access::AccountRights;
use api::identity::internal::v1 as internal;
use prost::Message as _;
use types::AccountId;

/// Whose snapshot it is, and what it says.
///
/// # Errors
/// What is wrong with the bytes.
pub fn decode(bytes: &[u8]) -> Result<(AccountId, AccountRights), String> {
    let snapshot = internal::AccountRights::decode(bytes)
        .map_err(|error| format!("the payload does not decode: {error}"))?;
    auth::rights::read_account(&snapshot).map_err(|error| error.to_string())
}
