//! What only operators may read, on a port of its own: `/metrics`, `/healthz`, `/readyz`. The gateway brings its own.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::service::Running;

const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A probe that waits longer counts as failed anyway.
const PATIENCE: Duration = Duration::from_secs(2);

/// Opens the port and serves it as long as the service lives.
pub async fn open(address: SocketAddr, running: &Running) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| {
        format!("{address} cannot be listened on: choose another address for BESEDA_ADMIN_LISTEN")
    })?;
    let bound = listener.local_addr()?;
    let service = HealthClient::new(kit::channel(&running.url())?);
    let stopping = running.life.stopping();
    running.life.spawn("admin port", async move {
        let router = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(readiness))
            .with_state(service);
        let serving =
            axum::serve(listener, router).with_graceful_shutdown(stopping.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::error!(%error, "the port for operators failed");
        }
    });
    Ok(bound)
}

async fn metrics() -> impl IntoResponse {
    let page = kit::telemetry::metrics_page();
    ([(header::CONTENT_TYPE, PROMETHEUS)], page)
}

/// What the service itself says of its health, which reflects what it depends on.
async fn readiness(State(mut service): State<HealthClient<Channel>>) -> impl IntoResponse {
    let mut request = tonic::Request::new(HealthCheckRequest {
        service: String::new(),
    });
    request.set_timeout(PATIENCE);
    match service.check(request).await {
        Ok(reply) if reply.get_ref().status == i32::from(ServingStatus::Serving) => {
            (StatusCode::OK, "ready\n".to_owned())
        }
        Ok(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "not ready: something it depends on cannot be reached\n".to_owned(),
        ),
        Err(status) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: {}\n", status.message()),
        ),
    }
}
