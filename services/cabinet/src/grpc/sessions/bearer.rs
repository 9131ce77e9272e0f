//! The token of a client's call.

use kit::Refusal;
use tonic::metadata::MetadataMap;

/// The text behind "Bearer".
pub(in crate::grpc) fn bearer(metadata: &MetadataMap) -> Result<&str, Refusal> {
    let value = metadata
        .get("authorization")
        .ok_or_else(Refusal::token_missing)?;
    let text = value.to_str().map_err(|_| Refusal::token_invalid())?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        Some(_) | None => Err(Refusal::token_invalid()),
    }
}
