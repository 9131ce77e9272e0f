//! One call on its way through the layers: what came over the wire and what the layers have found out about it.

use std::net::IpAddr;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Uri};
use tokio::time::Instant;

use crate::body::RequestBody;
use crate::rpcs::Rpc;

/// How the caller speaks, by its content type. It decides in which form a refusal is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// gRPC over HTTP/2.
    Grpc,
    /// gRPC-Web with binary frames.
    Web,
    /// gRPC-Web with frames in base64.
    WebText,
    /// `application/grpc…` of a kind that is not spoken here.
    Foreign,
    /// Everything else: pages, probes, strangers.
    Http,
}

impl Protocol {
    /// The protocol of a content type.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
        else {
            return Self::Http;
        };
        let kind = value
            .split_once(';')
            .map_or(value, |(kind, _)| kind)
            .trim_ascii();
        match kind {
            "application/grpc" | "application/grpc+proto" => Self::Grpc,
            "application/grpc-web" | "application/grpc-web+proto" => Self::Web,
            "application/grpc-web-text" | "application/grpc-web-text+proto" => Self::WebText,
            _ if kind.starts_with("application/grpc") => Self::Foreign,
            _ => Self::Http,
        }
    }

    /// The content type of an answer in this protocol.
    #[must_use]
    pub fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Grpc | Self::Foreign => "application/grpc",
            Self::Web => "application/grpc-web+proto",
            Self::WebText => "application/grpc-web-text+proto",
            Self::Http => "text/plain; charset=utf-8",
        })
    }

    /// Does the caller read a gRPC status?
    #[must_use]
    pub fn is_rpc(self) -> bool {
        self != Self::Http
    }
}

/// One call.
pub struct Call {
    /// HTTP method.
    pub method: Method,
    /// Path and query as they came.
    pub uri: Uri,
    /// Headers, without those that the outside may not set.
    pub headers: HeaderMap,
    /// The body, guarded by the limits.
    pub body: RequestBody,
    /// How the caller speaks.
    pub protocol: Protocol,
    /// The method called, when the path names one of a public package.
    pub rpc: Option<Arc<Rpc>>,
    /// Where the call comes from, behind trusted proxies.
    pub client: IpAddr,
    /// `x-request-id`: the caller's or a new one.
    pub request_id: HeaderValue,
    /// By when it has to be answered.
    pub deadline: Option<Instant>,
    /// Who calls; `None` for calls that need no token.
    pub caller: Option<auth::Caller>,
}

impl Call {
    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_names_the_protocol() {
        let of = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(text));
            Protocol::of(&headers)
        };
        assert_eq!(of("application/grpc"), Protocol::Grpc);
        assert_eq!(of("application/grpc+proto; charset=utf-8"), Protocol::Grpc);
        assert_eq!(of("application/grpc-web+proto"), Protocol::Web);
        assert_eq!(of("application/grpc-web-text"), Protocol::WebText);
        assert_eq!(of("application/grpc+json"), Protocol::Foreign);
        assert_eq!(of("application/grpcx"), Protocol::Foreign);
        assert_eq!(of("application/json"), Protocol::Http);
        assert_eq!(Protocol::of(&HeaderMap::new()), Protocol::Http);
    }
}
