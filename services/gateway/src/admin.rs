//! What only operators may read, on a port of its own: `/metrics`, and the probes again.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::pages::probes;
use crate::router::Backends;

const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves until `stopping`.
pub(crate) async fn serve(
    listener: TcpListener,
    backends: Arc<Backends>,
    stopping: CancellationToken,
) {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readiness))
        .with_state(backends);
    let served = axum::serve(listener, router)
        .with_graceful_shutdown(stopping.cancelled_owned())
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "the administration port failed");
    }
}

async fn metrics(State(backends): State<Arc<Backends>>) -> impl IntoResponse {
    for backend in backends.all() {
        let labels = [("service", backend.name())];
        metrics::gauge!("gateway_service_up", &labels).set(f64::from(u8::from(backend.is_up())));
        metrics::gauge!("gateway_service_calls", &labels).set(f64::from(
            u32::try_from(backend.streams()).unwrap_or(u32::MAX),
        ));
    }
    (
        [(header::CONTENT_TYPE, PROMETHEUS)],
        kit::telemetry::metrics_page(),
    )
}

async fn readiness(State(backends): State<Arc<Backends>>) -> impl IntoResponse {
    let (ready, text) = probes::readiness(&backends);
    (
        if ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        },
        text,
    )
}
