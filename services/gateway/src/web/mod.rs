//! gRPC-Web: the same frames as gRPC, with the trailers as a last frame in the body, optionally all of it in base64.
//!
//! Both directions are transformed as they flow, chunk by chunk, so a stream that is watched for hours costs no more
//! memory than a unary call.

mod encode;
mod text;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};

pub use encode::WebEncoder;
pub use text::TextDecoder;

use crate::body::Body;
use crate::call::{Call, Protocol};

/// Makes a gRPC call of a gRPC-Web call.
pub fn decode(call: &mut Call) {
    match call.protocol {
        Protocol::WebText => call.body.decode_text(),
        Protocol::Web => {}
        Protocol::Grpc | Protocol::Foreign | Protocol::Http => return,
    }
    call.headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/grpc+proto"),
    );
}

/// Gives the answer of a gRPC call in the protocol of its caller.
pub fn encode(protocol: Protocol, mut response: Response<Body>) -> Response<Body> {
    let text = match protocol {
        Protocol::WebText => true,
        Protocol::Web => false,
        Protocol::Grpc | Protocol::Foreign | Protocol::Http => return response,
    };
    response
        .headers_mut()
        .insert(CONTENT_TYPE, protocol.content_type());
    response.map(|body| body.web(|body| WebEncoder::new(body, text)))
}
