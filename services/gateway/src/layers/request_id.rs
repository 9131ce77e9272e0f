//! A name for every call: in the answer, in the service's logs, in ours.

use data_encoding::HEXLOWER;
use http::{HeaderName, HeaderValue, Response};

use super::Handler;
use crate::body::Body;
use crate::call::Call;

/// The header.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LENGTHS: std::ops::RangeInclusive<usize> = 8..=64;

/// Takes the caller's `x-request-id` when it is harmless, else makes one, and puts it on the answer.
pub struct RequestId<H>(H);

impl<H> RequestId<H> {
    /// Around `inner`.
    pub fn around(inner: H) -> Self {
        Self(inner)
    }
}

impl<H: Handler> Handler for RequestId<H> {
    async fn handle(&self, mut call: Box<Call>) -> Response<Body> {
        let id = match call.headers.get(REQUEST_ID) {
            Some(id) if is_harmless(id) => id.clone(),
            Some(_) | None => {
                let id = fresh();
                call.headers.insert(REQUEST_ID, id.clone());
                id
            }
        };
        call.request_id = id.clone();
        let mut response = self.0.handle(call).await;
        response.headers_mut().insert(REQUEST_ID, id);
        response
    }
}

/// May it stand in a log line?
fn is_harmless(id: &HeaderValue) -> bool {
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    LENGTHS.contains(&id.len()) && id.as_bytes().iter().all(harmless)
}

fn fresh() -> HeaderValue {
    let text = HEXLOWER.encode(&rand::random::<[u8; 16]>());
    // Hexadecimal digits are always a header value.
    let mut id = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("none"));
    // It never comes again: HTTP/2 need not make room for it in its table of known headers.
    id.set_sensitive(true);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_plain_ids_are_taken() {
        let takes = |id: &str| is_harmless(&HeaderValue::from_str(id).expect("a header"));
        assert!(takes("01JD2Z-abc_9.x"));
        assert!(takes(fresh().to_str().expect("text")));
        assert!(!takes("short"));
        assert!(!takes("with space"));
        assert!(!takes("<script>alert(1)</script>"));
        assert!(!takes(&"x".repeat(65)));
    }
}
