//! A refusal as the caller can read it: gRPC status in the headers for gRPC and gRPC-Web, an HTTP status for the others.

use http::header::{CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use kit::Refusal;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::body::Body;
use crate::call::Protocol;

/// The answer that says `refusal`.
#[must_use]
pub fn respond(protocol: Protocol, refusal: Refusal) -> Response<Body> {
    let status = Status::from(refusal);
    if protocol.is_rpc() {
        rpc(protocol, &status)
    } else {
        plain(&status)
    }
}

/// gRPC's answer without a body: the status stands in the headers. gRPC-Web takes the same form.
fn rpc(protocol: Protocol, status: &Status) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, protocol.content_type());
    // Fails only when a message cannot be a header, and tonic escapes what cannot.
    let _ = status.add_header(response.headers_mut());
    response
}

/// The answer that says `status` to a person.
#[must_use]
pub fn plain(status: &Status) -> Response<Body> {
    let details = status.get_error_details();
    let text = details
        .localized_message()
        .map_or_else(|| status.message().to_owned(), |text| text.message.clone());
    let reason = details.error_info().map(|info| &info.reason[..]);
    let text = text + "\n" + &violations(&details);
    let mut response = page(http_status(status.code(), reason), text);
    if let Some(wait) = details.retry_info().and_then(|retry| retry.retry_delay) {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    response
}

/// Which fields are wrong and how, a line each.
fn violations(details: &ErrorDetails) -> String {
    let violations = details.bad_request().into_iter();
    let lines = violations.flat_map(|it| &it.field_violations);
    lines
        .map(|it| format!("{}: {}\n", name(&it.field), it.description))
        .collect()
}

/// What by gRPC is a field of an upload's header is a parameter here.
fn name(field: &str) -> &str {
    match field.strip_prefix("header.") {
        Some("file_name") => "name",
        Some(parameter) => parameter,
        None => field,
    }
}

/// A short text for a person who came by HTTP.
#[must_use]
pub fn page(status: StatusCode, text: impl Into<String>) -> Response<Body> {
    let mut response = Response::new(Body::full(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, Protocol::Http.content_type());
    headers.insert(
        http::header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn http_status(code: Code, reason: Option<&str>) -> StatusCode {
    match reason {
        Some("FILE_TOO_LARGE") => return StatusCode::PAYLOAD_TOO_LARGE,
        Some("FILE_TYPE_NOT_ALLOWED") => return StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Some(_) | None => {}
    }
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => {
            StatusCode::BAD_REQUEST
        }
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Cancelled | Code::Unknown | Code::Internal | Code::DataLoss => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_protocol_gets_the_refusal_in_its_own_form() {
        let rpc = respond(
            Protocol::WebText,
            Refusal::rate_limited(Duration::from_secs(2)),
        );
        assert_eq!(rpc.status(), StatusCode::OK);
        assert_eq!(
            rpc.headers()["content-type"],
            "application/grpc-web-text+proto"
        );
        assert_eq!(rpc.headers()["grpc-status"], "8");
        assert!(rpc.headers().contains_key("grpc-status-details-bin"));

        let plain = respond(
            Protocol::Http,
            Refusal::rate_limited(Duration::from_secs(2)),
        );
        assert_eq!(plain.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(plain.headers()["retry-after"], "2");
        assert!(!plain.headers().contains_key("grpc-status"));
    }

    #[test]
    fn a_refusal_over_http_names_the_parameters_that_are_wrong() {
        let refusal = Refusal::field("header.file_name", "must name the file");
        let details = Status::from(refusal).get_error_details();
        assert_eq!(violations(&details), "name: must name the file\n");
        let refusal = Refusal::field("duration_ms", "must be a whole number");
        let details = Status::from(refusal).get_error_details();
        assert_eq!(
            violations(&details),
            "duration_ms: must be a whole number\n"
        );
    }
}
