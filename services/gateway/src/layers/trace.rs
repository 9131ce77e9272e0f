//! What is known of every call: how many, how long, how they ended, and a span where traces are collected.
//!
//! A refused call is the caller's affair: it is counted, and written to the log at debug only. So nobody can fill the
//! log from outside.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use http::{HeaderMap, HeaderName, HeaderValue, Response};
use metrics::{Counter, Gauge, Histogram};
use opentelemetry::propagation::{Extractor, Injector};
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::Handler;
use crate::body::Body;
use crate::call::Call;
use crate::rpcs::Rpc;

const CODES: usize = 17;
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
/// A code of HTTP: a page, not a call.
const PAGE: &str = "page";

/// Counts, times and traces.
pub struct Trace<H> {
    inner: H,
    pages: Arc<Rpc>,
}

impl<H> Trace<H> {
    /// Around `inner`.
    pub fn around(inner: H) -> Self {
        Self {
            inner,
            pages: Rpc::page(),
        }
    }
}

impl<H: Handler> Handler for Trace<H> {
    async fn handle(&self, mut call: Box<Call>) -> Response<Body> {
        let rpc = call.rpc.clone().unwrap_or_else(|| self.pages.clone());
        let mut outcome = Box::new(Outcome::begin(rpc));
        let response = if kit::telemetry::is_tracing() {
            let span = span(&mut call);
            self.inner.handle(call).instrument(span).await
        } else {
            self.inner.handle(call).await
        };
        if let Some(status) = response.headers().get(GRPC_STATUS) {
            outcome.status(status);
        }
        if http_body::Body::is_end_stream(response.body()) {
            outcome.finished();
        }
        response.map(|body| body.observed(outcome))
    }
}

/// A span that continues the caller's trace, and whose own context goes on to the service.
fn span(call: &mut Call) -> tracing::Span {
    let span = tracing::info_span!(
        "edge",
        path = call.uri.path(),
        request.id = call.request_id.to_str().unwrap_or_default()
    );
    opentelemetry::global::get_text_map_propagator(|propagator| {
        // Without a collector in this process there is no trace to join, and the span says so by itself.
        let _ = span.set_parent(propagator.extract(&Carrier(&mut call.headers)));
        propagator.inject_context(&span.context(), &mut Carrier(&mut call.headers));
    });
    span
}

struct Carrier<'a>(&'a mut HeaderMap);

impl Extractor for Carrier<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

impl Injector for Carrier<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

/// The numbers of one method. Handles are looked up once: the registry is not touched at each call.
pub(crate) struct Numbers {
    path: String,
    handles: OnceLock<Handles>,
}

struct Handles {
    seconds: Histogram,
    in_progress: Gauge,
    ended: [OnceLock<Counter>; CODES],
}

impl Numbers {
    pub(crate) fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            handles: OnceLock::new(),
        }
    }

    fn handles(&self) -> &Handles {
        self.handles.get_or_init(|| Handles {
            seconds: metrics::histogram!("gateway_call_seconds", "rpc" => self.path.clone()),
            in_progress: metrics::gauge!("gateway_calls_in_progress", "rpc" => self.path.clone()),
            ended: Default::default(),
        })
    }

    fn ended(&self, code: tonic::Code) -> &Counter {
        self.handles().ended[code as usize % CODES].get_or_init(|| {
            metrics::counter!("gateway_calls_total", "rpc" => self.path.clone(), "code" => format!("{code:?}"))
        })
    }
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)
    }
}

/// How one call ends. It rides on the answer, so that streams are counted at their end.
pub(crate) struct Outcome {
    rpc: Arc<Rpc>,
    begun: Instant,
    code: Option<tonic::Code>,
    finished: bool,
}

impl Outcome {
    fn begin(rpc: Arc<Rpc>) -> Self {
        rpc.numbers.handles().in_progress.increment(1.0);
        Self {
            rpc,
            begun: Instant::now(),
            code: None,
            finished: false,
        }
    }

    fn status(&mut self, value: &HeaderValue) {
        self.code = Some(tonic::Code::from_bytes(value.as_bytes()));
    }

    /// The answer's trailers went out: nothing comes after them.
    pub(crate) fn trailers(&mut self, trailers: &HeaderMap) {
        if let Some(status) = trailers.get(GRPC_STATUS) {
            self.status(status);
        }
        self.finished = true;
    }

    pub(crate) fn finished(&mut self) {
        self.finished = true;
    }

    pub(crate) fn broke_off(&mut self) {
        self.code = Some(tonic::Code::Unavailable);
        self.finished = true;
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        let code = match self.code {
            // The caller went away before the end.
            None if !self.finished => tonic::Code::Cancelled,
            code => code.unwrap_or(tonic::Code::Ok),
        };
        let numbers = &self.rpc.numbers;
        numbers.ended(code).increment(1);
        numbers.handles().in_progress.decrement(1.0);
        numbers.handles().seconds.record(self.begun.elapsed());
        tracing::debug!(rpc = ?numbers, ?code, duration = ?self.begun.elapsed(), "a call ended");
    }
}

impl Rpc {
    /// What is no call: pages, probes, unknown paths.
    fn page() -> Arc<Self> {
        Arc::new(Self {
            place: crate::rpcs::Place::Here,
            open: true,
            strict: None,
            client_streams: false,
            server_streams: false,
            numbers: Numbers::new(PAGE),
        })
    }
}
