//! Logs, traces, metrics.
//!
//! Logs go to standard error: for people on a terminal, JSON elsewhere (`BESEDA_LOG_FORMAT=json|human`), filtered by
//! `BESEDA_LOG` ("info" by default). Traces go to the collector named by `OTEL_EXPORTER_OTLP_ENDPOINT`, or nowhere.
//! Metrics are read by Prometheus from [`metrics_page`]. None of them carries message texts, tokens, phones or e-mails.

use std::io::IsTerminal;
use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
static TRACING: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Sends what is left when the process ends: keep it until then.
#[derive(Debug)]
pub struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(provider) = TRACING.get() {
            let _ = provider.shutdown();
        }
    }
}

/// Begins logging, and tracing where a collector is named. Once per process.
///
/// # Errors
/// When the collector's address is malformed, or when it was called before.
pub fn init(service: &'static str) -> anyhow::Result<Guard> {
    init_with(service, "info")
}

/// The same with another filter where `BESEDA_LOG` says nothing.
///
/// # Errors
/// As [`init`].
pub fn init_with(service: &'static str, default_filter: &str) -> anyhow::Result<Guard> {
    let filter =
        EnvFilter::try_from_env("BESEDA_LOG").unwrap_or_else(|_| EnvFilter::new(default_filter));
    let format = std::env::var("BESEDA_LOG_FORMAT").unwrap_or_default();
    let human = format == "human" || (format != "json" && std::io::stderr().is_terminal());
    let output = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let output = if human {
        output.with_target(false).boxed()
    } else {
        output.json().flatten_event(true).boxed()
    };
    let traces = match std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT") {
        Some(_) => {
            let tracer = start_tracing(service)?.tracer(service);
            Some(tracing_opentelemetry::layer().with_tracer(tracer))
        }
        None => None,
    };
    tracing_subscriber::registry()
        .with(traces)
        .with(output.with_filter(filter))
        .try_init()?;
    start_metrics()?;
    Ok(Guard)
}

fn start_tracing(service: &'static str) -> anyhow::Result<&'static SdkTracerProvider> {
    let exporter = SpanExporter::builder().with_tonic().build()?;
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name(service).build())
        .with_batch_exporter(exporter)
        .build();
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    Ok(TRACING.get_or_init(|| provider))
}

fn start_metrics() -> anyhow::Result<()> {
    if METRICS.get().is_none() {
        let handle = PrometheusBuilder::new().install_recorder()?;
        let _ = METRICS.set(handle);
    }
    Ok(())
}

/// Are traces sent anywhere? Carrying their context costs time that is saved otherwise.
#[must_use]
pub fn is_tracing() -> bool {
    TRACING.get().is_some()
}

/// The metrics in Prometheus' text format; empty before [`init`].
#[must_use]
pub fn metrics_page() -> String {
    METRICS
        .get()
        .map(PrometheusHandle::render)
        .unwrap_or_default()
}

/// The W3C trace context of the running span, to be stored beside what it caused; empty when nothing is traced.
#[must_use]
pub fn trace_parent() -> String {
    use tracing_opentelemetry::OpenTelemetrySpanExt;
    if !is_tracing() {
        return String::new();
    }
    let context = tracing::Span::current().context();
    let mut carried = std::collections::HashMap::new();
    opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut carried);
    });
    carried.remove("traceparent").unwrap_or_default()
}
