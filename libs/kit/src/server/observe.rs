//! What is known of every call: language, trace, duration, outcome.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Instant;

use http::{HeaderMap, Request, Response};
use metrics::{Counter, Histogram};
use opentelemetry::propagation::Extractor;
use tonic::Code;
use tower::Service;
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use futures::future::BoxFuture;

use super::explain::explain;

/// See the module.
#[derive(Clone, Debug)]
pub struct Observe<S>(S);

impl<S> Observe<S> {
    /// Around `inner`.
    pub fn new(inner: S) -> Self {
        Self(inner)
    }
}

impl<S, B, R> Service<Request<B>> for Observe<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<R>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let begin = Instant::now();
        let numbers = Numbers::of(request.uri().path());
        let language = crate::language::requested(request.headers()).unwrap_or_default();
        let span = span(&request);
        // The clone was not polled ready; this one was.
        let clone = self.0.clone();
        let mut inner = std::mem::replace(&mut self.0, clone);
        Box::pin(
            crate::language::with(language, async move {
                let reply = inner.call(request).await.map(explain);
                if let Ok(reply) = &reply {
                    numbers.record(reply.headers(), begin);
                }
                reply
            })
            .instrument(span),
        )
    }
}

fn span<B>(request: &Request<B>) -> tracing::Span {
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let span = tracing::info_span!(
        "rpc",
        method = request.uri().path(),
        request.id = header("x-request-id")
    );
    if crate::telemetry::is_tracing() {
        let parent = opentelemetry::global::get_text_map_propagator(|propagator| {
            propagator.extract(&Carrier(request.headers()))
        });
        // Fails only where no tracing layer is installed, and then there is nothing to link.
        let _ = span.set_parent(parent);
    }
    span
}

struct Carrier<'a>(&'a HeaderMap);

impl Extractor for Carrier<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

/// The numbers of one method. Methods that no contract knows share one entry, so that garbage cannot fill the memory.
struct Numbers {
    duration: Histogram,
    refused: Counter,
}

impl Numbers {
    fn of(path: &str) -> &'static Self {
        static METHODS: OnceLock<HashMap<String, Numbers>> = OnceLock::new();
        static UNKNOWN: OnceLock<Numbers> = OnceLock::new();
        METHODS
            .get_or_init(|| {
                methods()
                    .map(|method| (method.clone(), Self::new(method)))
                    .collect()
            })
            .get(path)
            .unwrap_or_else(|| UNKNOWN.get_or_init(|| Self::new("unknown".to_owned())))
    }

    fn new(method: String) -> Self {
        Self {
            duration: metrics::histogram!("beseda_rpc_duration_seconds", "method" => method.clone()),
            refused: metrics::counter!("beseda_rpc_refused_total", "method" => method),
        }
    }

    fn record(&self, headers: &HeaderMap, begin: Instant) {
        self.duration.record(begin.elapsed());
        // A status in the headers is one without a body: the call was refused at once.
        if let Some(status) = headers.get("grpc-status") {
            let code = Code::from_bytes(status.as_bytes());
            if code != Code::Ok {
                self.refused.increment(1);
                tracing::debug!(code = ?code, "call refused");
            }
        }
    }
}

/// The path of every method in the contracts.
fn methods() -> impl Iterator<Item = String> {
    use prost::Message as _;
    let set = prost_types::FileDescriptorSet::decode(api::FILE_DESCRIPTOR_SET).unwrap_or_default();
    set.file.into_iter().flat_map(|file| {
        let package = file.package().to_owned();
        file.service.into_iter().flat_map(move |service| {
            let prefix = format!("/{package}.{}/", service.name());
            service
                .method
                .into_iter()
                .map(move |method| format!("{prefix}{}", method.name()))
        })
    })
}
