//! What is no call: pages and files for browsers, the public keys, probes.

mod attachments;
mod cabinet;
mod chat;
mod demo;
mod files;
mod hooks;
mod jwks;
mod landing;
pub mod probes;
mod start;

use std::sync::Arc;

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};

use attachments::is_of_visitors;
pub use attachments::{Attachments, is_here as is_file};
pub use cabinet::Cabinets;
pub use chat::Embeddings;
pub use files::Files;
pub use hooks::{Hooks, is_here as is_hook};
pub use jwks::Jwks;

use crate::body::Body;
use crate::call::Call;
use crate::refusals::page;
use crate::router::Backends;

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// The pages.
pub struct Pages {
    /// Built files.
    pub files: Files,
    /// Who may frame which chat.
    pub embeddings: Embeddings,
    /// The page of clients' cabinets.
    pub cabinets: Cabinets,
    /// Files of messages.
    pub attachments: Attachments,
    /// Providers' calls.
    pub hooks: Hooks,
    /// Public keys.
    pub jwks: Jwks,
    /// For readiness.
    pub backends: Arc<Backends>,
    /// How the outside reaches us, without a slash at the end.
    pub public_url: String,
    /// The chat of the demo page.
    pub demo_chat: Option<String>,
}

impl Pages {
    /// Answers a request.
    pub async fn answer(&self, call: &mut Call) -> Response<Body> {
        if is_file(call.uri.path()) {
            return private(self.attachments.answer(call).await);
        }
        if is_of_visitors(call.uri.path()) {
            return private(self.attachments.answer_visitor(call).await);
        }
        if is_hook(call.uri.path()) {
            return private(self.hooks.answer(call).await);
        }
        if call.method != Method::GET && call.method != Method::HEAD {
            return wrong_method(call);
        }
        if let Some(rest) = call.uri.path().strip_prefix("/cabinet/") {
            return private(self.cabinet(call, rest).await);
        }
        let mut response = match call.uri.path() {
            "/" => self.start(),
            "/demo" => self.demo().await,
            "/healthz" => page(StatusCode::OK, "ok\n"),
            "/readyz" => self.readyz(),
            "/.well-known/jwks.json" => self.jwks.answer().await,
            "/widget/loader.js" => self.files.answer(call, "loader.js").await,
            path => self.below(call, path).await,
        };
        let headers = response.headers_mut();
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(
            REFERRER_POLICY,
            HeaderValue::from_static("strict-origin-when-cross-origin"),
        );
        // The chat is meant to be shown on other sites, also on those that isolate themselves.
        headers.insert(
            CROSS_ORIGIN_RESOURCE_POLICY,
            HeaderValue::from_static("cross-origin"),
        );
        response
    }

    /// What stands below an address.
    async fn below(&self, call: &Call, path: &str) -> Response<Body> {
        if let Some(chat) = path.strip_prefix("/chat/") {
            self.chat(call, chat).await
        } else if let Some(site) = path.strip_prefix("/site/") {
            self.landing_site(site).await
        } else if path.starts_with("/assets/") {
            self.files.answer(call, &path[1..]).await
        } else {
            not_found()
        }
    }

    fn readyz(&self) -> Response<Body> {
        let (ready, text) = probes::readiness(&self.backends);
        page(
            if ready {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            },
            text,
        )
    }
}

/// What is for one caller alone, and for pages of ours alone.
fn private(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        CROSS_ORIGIN_RESOURCE_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    response
}

fn not_found() -> Response<Body> {
    page(StatusCode::NOT_FOUND, "There is nothing at this address.\n")
}

fn wrong_method(call: &Call) -> Response<Body> {
    if call.method == Method::POST && call.uri.path().contains('.') {
        return page(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Calls are made with content-type application/grpc, application/grpc-web or application/grpc-web-text.\n",
        );
    }
    let mut response = page(
        StatusCode::METHOD_NOT_ALLOWED,
        "Only GET and HEAD are answered here.\n",
    );
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// A page made here.
fn html(text: impl Into<bytes::Bytes>, policy: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::full(text));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}
