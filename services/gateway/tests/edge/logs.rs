//! Callers cannot fill the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api::onlinechat::v1::MarkReadRequest;
use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::http::{get, post, raw};
use crate::support::{Gateway, count};

struct Lines(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Counts what this thread writes to the log, which is where a single-threaded test runs its gateway.
fn listen() -> (Arc<AtomicUsize>, tracing::subscriber::DefaultGuard) {
    let lines = Arc::new(AtomicUsize::new(0));
    let layer = Lines(lines.clone()).with_filter(LevelFilter::INFO);
    (
        lines,
        tracing::subscriber::set_default(tracing_subscriber::registry().with(layer)),
    )
}

#[tokio::test]
async fn a_flood_of_garbage_does_not_flood_the_log() {
    let (lines, _guard) = listen();
    let gateway = Gateway::start().await;
    let path = "/beseda.onlinechat.v1.VisitorService/MarkRead";
    // The lines of the start are over.
    while get(gateway.addr, "/readyz").await.status() != 200 {}
    let before = count(&lines);
    for round in 0..100_u8 {
        post(
            gateway.addr,
            path,
            &[("content-type", "application/grpc-web")],
            &[round, 1, 2],
        )
        .await;
        post(
            gateway.addr,
            path,
            &[("content-type", "application/grpc-web-text")],
            b"!",
        )
        .await;
        post(
            gateway.addr,
            "/x.Y/Z",
            &[("content-type", "application/grpc-web")],
            &[0; 5],
        )
        .await;
        raw(
            gateway.addr,
            &[b'P', b'O', round, b'\r', b'\n', b'\r', b'\n'],
        )
        .await;
    }
    // Four hundred refusals; what the gateway's own tasks say meanwhile is not counted against them.
    let lines = count(&lines) - before;
    assert!(lines < 10, "{lines} lines");
}

#[tokio::test]
async fn a_service_that_is_down_leaves_a_few_lines() {
    let (lines, _guard) = listen();
    let mut gateway = Gateway::with(|config| config.limits.patience = Duration::ZERO).await;
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    client.mark_read(MarkReadRequest::default()).await.ok();
    gateway.kill_onlinechat();
    let before = count(&lines);
    let mut refused = 0;
    for _ in 0..500 {
        refused += usize::from(client.mark_read(MarkReadRequest::default()).await.is_err());
    }
    assert!(refused > 400, "{refused}");
    assert!(
        count(&lines) - before < 10,
        "{} lines",
        count(&lines) - before
    );
}
