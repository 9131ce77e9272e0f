//! Connections: taken, spoken to in their protocol, ended in order.
//!
//! When the gateway stops it takes no new connection; open ones are told (GOAWAY, `connection: close`) and finish what
//! they have; what is left after the drain time is cut.

mod connection;
pub mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use kit::lifecycle::Lifecycle;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Limits;
use crate::edge::Edge;
use crate::layers::Handler;
use crate::sampled;
use connection::Connection;

/// After a failure to accept (no file descriptors left) there is no use in trying at once.
const PAUSE: Duration = Duration::from_millis(100);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// What one call may send before its service has taken it.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1 << 20;
const SEND_BUFFER: usize = 64 * 1024;
/// Streams that a caller opened and reset at once, not yet looked at; more and the connection ends (CVE-2023-44487).
const MAX_PENDING_RESETS: usize = 32;
/// Streams that we reset because of the caller's errors; more and the connection ends (CVE-2025-8671).
const MAX_LOCAL_RESETS: usize = 256;
const MAX_HTTP1_HEADERS: usize = 100;
const HTTP1_BUFFER: usize = 64 * 1024;

/// The open port.
pub struct Listener {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    http: auto::Builder<TokioExecutor>,
}

impl Listener {
    /// On a bound socket.
    #[must_use]
    pub fn new(socket: TcpListener, tls: Option<TlsAcceptor>, limits: Limits) -> Self {
        let http = builder(&limits);
        Self {
            socket,
            tls,
            limits,
            http,
        }
    }

    /// Takes connections until `lifecycle` stops, and returns when the last one has ended.
    pub async fn serve<H: Handler>(self, edge: Arc<Edge<H>>, lifecycle: &Lifecycle) {
        let stopping = lifecycle.stopping();
        let cut = CancellationToken::new();
        let open = TaskTracker::new();
        let places = Arc::new(Semaphore::new(self.limits.max_connections));
        while let Some((socket, peer)) = self.accept(&stopping).await {
            let Ok(place) = places.clone().try_acquire_owned() else {
                sampled!(
                    "the limit of open connections is reached; a connection was closed",
                    limit = self.limits.max_connections
                );
                continue;
            };
            let connection = Connection {
                socket,
                peer,
                tls: self.tls.clone(),
                http: self.http.clone(),
                opening_time: self.limits.opening_time,
                stopping: stopping.clone(),
            };
            let (edge, cut, token) = (edge.clone(), cut.clone(), open.token());
            lifecycle.spawn("gateway.connection", async move {
                tokio::select! { () = connection.serve(edge) => {}, () = cut.cancelled() => {} }
                drop((place, token));
            });
        }
        drop(self.socket);
        drain(&open, &cut, self.limits.drain_time).await;
    }

    /// The next connection; `None` when the gateway stops.
    async fn accept(&self, stopping: &CancellationToken) -> Option<(TcpStream, SocketAddr)> {
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                () = stopping.cancelled() => return None,
            };
            match accepted {
                Ok(accepted) => return Some(accepted),
                Err(error) => {
                    sampled!("a connection could not be taken", %error);
                    tokio::time::sleep_until(tokio::time::Instant::now() + PAUSE).await;
                }
            }
        }
    }
}

/// Waits for the open connections, at most for `time`.
async fn drain(open: &TaskTracker, cut: &CancellationToken, time: Duration) {
    open.close();
    if tokio::time::timeout(time, open.wait()).await.is_err() {
        tracing::warn!(
            connections = open.len(),
            "connections did not end in time and are cut"
        );
        cut.cancel();
        open.wait().await;
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.opening_time)
        .max_headers(MAX_HTTP1_HEADERS)
        .max_buf_size(HTTP1_BUFFER);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_streams_per_connection)
        .max_header_list_size(limits.max_headers)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .max_local_error_reset_streams(MAX_LOCAL_RESETS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT);
    http
}
