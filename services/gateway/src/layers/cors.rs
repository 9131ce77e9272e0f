//! Which other pages may call from a browser. The chat window is served from here and needs nothing of this.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::Handler;
use crate::body::Body;
use crate::call::Call;
use crate::refusals::page;

/// What a browser page may send.
const ALLOWED: &str = "authorization, content-type, accept-language, grpc-timeout, x-grpc-web, x-user-agent, x-request-id, traceparent, tracestate";
/// What it may read.
const EXPOSED: &str = "grpc-status, grpc-message, grpc-status-details-bin, x-request-id";
/// For how many seconds a browser remembers a preflight.
const REMEMBERED: &str = "600";

/// Answers preflights and marks answers for allowed origins.
pub struct Cors<H> {
    inner: H,
    origins: Vec<String>,
}

impl<H> Cors<H> {
    /// Around `inner`, for pages of `origins`.
    pub fn around(origins: Vec<String>, inner: H) -> Self {
        Self { inner, origins }
    }

    fn allowed(&self, call: &Call) -> Option<HeaderValue> {
        let origin = call.headers.get(ORIGIN)?;
        self.origins
            .iter()
            .any(|allowed| allowed.as_bytes() == origin.as_bytes())
            .then(|| origin.clone())
    }
}

impl<H: Handler> Handler for Cors<H> {
    async fn handle(&self, call: Box<Call>) -> Response<Body> {
        let allowed = self.allowed(&call);
        if call.method == Method::OPTIONS
            && call.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        {
            return preflight(allowed);
        }
        let mut response = self.inner.handle(call).await;
        if let Some(origin) = allowed {
            mark(response.headers_mut(), origin);
            response.headers_mut().insert(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(EXPOSED),
            );
        }
        response
    }
}

fn preflight(allowed: Option<HeaderValue>) -> Response<Body> {
    let Some(origin) = allowed else {
        return page(
            StatusCode::FORBIDDEN,
            "Pages of this origin may not call this API; an operator can allow it.\n",
        );
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    mark(headers, origin);
    headers.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("POST"),
    );
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(ALLOWED),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBERED));
    response
}

fn mark(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(VARY, HeaderValue::from_static("origin"));
}
