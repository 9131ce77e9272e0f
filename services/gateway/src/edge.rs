//! From the wire to a [`Call`]: who it is from, how it speaks, what it asks for.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::header::ORIGIN;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use hyper::body::Incoming;
use ipnet::IpNet;

use crate::body::{Body, RequestBody};
use crate::call::{Call, Protocol};
use crate::layers::Handler;
use crate::rpcs::Rpcs;

/// Headers with this prefix are said by us to the services, never by callers.
const OURS: &str = "x-beseda-";
/// The caller's address, for services that limit or log by it.
pub const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("x-beseda-client-address");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// A chain of more proxies than this is made up.
const MAX_HOPS: usize = 16;

/// Where requests become calls.
pub struct Edge<H> {
    handler: H,
    rpcs: Rpcs,
    trusted: Vec<IpNet>,
}

impl<H: Handler> Edge<H> {
    /// In front of `handler`; `trusted` are the proxies that say for whom they call.
    pub fn new(handler: H, rpcs: Rpcs, trusted: Vec<IpNet>) -> Self {
        Self {
            handler,
            rpcs,
            trusted,
        }
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Never: a refusal is an answer.
    pub fn serve(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Result<Response<Body>, Infallible>> + Send {
        let language = kit::language::requested(request.headers()).unwrap_or_default();
        let call = Box::new(self.call(request, peer.ip().to_canonical()));
        kit::language::with(language, async move {
            // Put in its place once: the future of all layers is large, and moving it costs more than this box.
            Ok(Box::pin(self.handler.handle(call)).await)
        })
    }

    fn call(&self, request: Request<Incoming>, peer: IpAddr) -> Call {
        let (head, incoming) = request.into_parts();
        let mut headers = head.headers;
        let client = client(peer, &headers, &self.trusted);
        drop_ours(&mut headers);
        if let Ok(address) = HeaderValue::try_from(client.to_string()) {
            headers.insert(CLIENT_ADDRESS, address);
        }
        let protocol = Protocol::of(&headers);
        Call {
            rpc: if protocol.is_rpc() {
                self.rpcs.find(head.uri.path())
            } else {
                None
            },
            method: head.method,
            uri: head.uri,
            headers,
            body: RequestBody::new(incoming),
            protocol,
            client,
            request_id: HeaderValue::from_static(""),
            deadline: None,
            caller: None,
        }
    }
}

/// Drops what only we say. Services trust these headers.
fn drop_ours(headers: &mut HeaderMap) {
    let named_ours = |name: &HeaderName| name.as_str().starts_with(OURS);
    if headers.keys().any(named_ours) {
        let names: Vec<_> = headers
            .keys()
            .filter(|name| named_ours(name))
            .cloned()
            .collect();
        for name in names {
            headers.remove(name);
        }
    }
    headers.remove(FORWARDED_FOR);
    // A list of origins is no origin.
    if headers.get_all(ORIGIN).iter().nth(1).is_some() {
        headers.remove(ORIGIN);
    }
}

/// The nearest address that is not a trusted proxy's: what stands further left was said by that address itself.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut nearest = peer;
    if !is_trusted(&nearest) {
        return nearest;
    }
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.rsplit(','));
    for hop in hops.take(MAX_HOPS) {
        let Ok(address) = hop.trim().parse::<IpAddr>() else {
            return nearest;
        };
        nearest = address.to_canonical();
        if !is_trusted(&nearest) {
            return nearest;
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn x_forwarded_for_is_believed_from_trusted_proxies_only() {
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        let said = headers(&[
            ("x-forwarded-for", "1.1.1.1, 2.2.2.2"),
            ("x-forwarded-for", "3.3.3.3, 10.0.0.2"),
        ]);
        assert_eq!(client(ip("9.9.9.9"), &said, &trusted), ip("9.9.9.9"));
        assert_eq!(client(ip("10.0.0.1"), &said, &trusted), ip("3.3.3.3"));
        assert_eq!(
            client(ip("10.0.0.1"), &headers(&[]), &trusted),
            ip("10.0.0.1")
        );
        let garbage = headers(&[("x-forwarded-for", "1.1.1.1, unknown")]);
        assert_eq!(client(ip("10.0.0.1"), &garbage, &trusted), ip("10.0.0.1"));
    }

    #[test]
    fn identity_headers_from_outside_are_dropped() {
        let mut said = headers(&[
            ("x-beseda-client-address", "1.1.1.1"),
            ("x-beseda-account", "acc"),
            ("x-forwarded-for", "1.1.1.1"),
            ("origin", "https://a.example"),
            ("accept-language", "ru"),
        ]);
        drop_ours(&mut said);
        let mut left: Vec<_> = said.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["accept-language", "origin"]);
    }
}
