//! Refusals of the gRPC library itself, before or beside our handlers: a message that does not decode, one that is too
//! large, a method that does not exist. They come without a reason; here they get one, as every refusal has.

use http::{HeaderMap, HeaderName, Response};
use tonic::{Code, Status};

use super::MAX_REQUEST_BYTES;
use crate::Refusal;

/// What a status consists of on the wire.
const PARTS: [HeaderName; 3] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
];

/// The answer, with a reason when it is a refusal without one.
pub fn explain<B>(mut response: Response<B>) -> Response<B> {
    let headers = response.headers_mut();
    if let Some(refusal) = meant_by(headers) {
        for part in PARTS {
            headers.remove(part);
        }
        // Fails only when a text cannot be a header, and tonic escapes what cannot.
        let _ = Status::from(refusal).add_header(headers);
    }
    response
}

fn meant_by(headers: &HeaderMap) -> Option<Refusal> {
    if !headers.contains_key(&PARTS[0]) || headers.contains_key(&PARTS[2]) {
        return None;
    }
    match Code::from_bytes(headers.get(&PARTS[0])?.as_bytes()) {
        // Our handlers say INTERNAL with a reason only: this is a request that could not be read.
        Code::Internal => Some(Refusal::field(
            "request",
            "must be a message of this method",
        )),
        Code::OutOfRange | Code::ResourceExhausted => Some(Refusal::too_large(MAX_REQUEST_BYTES)),
        Code::Unimplemented => Some(Refusal::method_unknown()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::error::v1::ErrorReason;

    fn explained(status: &Status) -> Status {
        let mut response = Response::new(());
        status.add_header(response.headers_mut()).expect("headers");
        Status::from_header_map(explain(response).headers()).expect("a status")
    }

    #[test]
    fn what_the_library_refuses_gets_a_reason() {
        let cases = [
            (
                Status::internal("failed to decode Protobuf message"),
                ErrorReason::FieldInvalid,
            ),
            (
                Status::out_of_range("decoded message length too large"),
                ErrorReason::TooLarge,
            ),
            (Status::unimplemented(""), ErrorReason::MethodUnknown),
        ];
        for (status, reason) in cases {
            let explained = explained(&status);
            assert_eq!(crate::refusal::reason_of(&explained), Some(reason));
            assert_eq!(explained.code(), crate::refusal::code(reason));
        }
    }

    #[test]
    fn what_has_a_reason_keeps_it() {
        let refusal = Status::from(Refusal::internal(anyhow::anyhow!("a defect")));
        let explained = explained(&refusal);
        assert_eq!(
            crate::refusal::reason_of(&explained),
            Some(ErrorReason::Internal)
        );
    }
}
