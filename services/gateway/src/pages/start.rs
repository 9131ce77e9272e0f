//! The start page: where to go from here.

use http::Response;

use super::{Pages, html};
use crate::body::Body;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

impl Pages {
    pub(super) fn start(&self) -> Response<Body> {
        let demo = if self.demo_chat.is_some() {
            "<li><a href=\"/demo\">Demo page with the online chat</a></li>"
        } else {
            ""
        };
        html(
            format!(
                "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
                 <title>Beseda</title><style>body{{font:1.1rem/1.6 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}}\
                 code{{background:#eee;padding:.1em .3em}}</style>\
                 <h1>Beseda</h1><p>Conversations with clients, over gRPC and gRPC-Web at this address: <code>{url}</code></p>\
                 <ul>{demo}<li><a href=\"/.well-known/jwks.json\">Public keys</a></li>\
                 <li><a href=\"/readyz\">Readiness</a></li></ul>\
                 <p>The API describes itself: <code>grpcurl -plaintext HOST:PORT list</code></p></html>\n",
                url = escape(&self.public_url)
            ),
            POLICY,
        )
    }
}

/// Text inside HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
