//! One connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::edge::Edge;
use crate::layers::Handler;

/// What every HTTP/2 connection begins with (RFC 9113, 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const H2: &[u8] = b"h2";
/// How often a preface that comes in drops is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A connection that was taken and has not been spoken to.
pub(super) struct Connection {
    pub(super) socket: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) http: auto::Builder<TokioExecutor>,
    pub(super) opening_time: Duration,
    pub(super) stopping: CancellationToken,
}

impl Connection {
    /// Serves it to its end. Who does not begin to speak in time is not waited for.
    pub(super) async fn serve<H: Handler>(self, edge: Arc<Edge<H>>) {
        let Self {
            socket,
            peer,
            tls,
            http,
            opening_time,
            stopping,
        } = self;
        // Fails only on a socket that is closed already.
        let _ = socket.set_nodelay(true);
        match tls {
            Some(tls) => {
                let Ok(Ok(stream)) = tokio::time::timeout(opening_time, tls.accept(socket)).await
                else {
                    return;
                };
                let is_h2 = stream.get_ref().1.alpn_protocol() == Some(H2);
                speak(stream, peer, only(http, is_h2), edge, stopping).await;
            }
            None => {
                let is_h2 = tokio::select! {
                    protocol = tokio::time::timeout(opening_time, begins_with_preface(&socket)) => protocol,
                    () = stopping.cancelled() => return,
                };
                let Ok(Ok(is_h2)) = is_h2 else { return };
                speak(socket, peer, only(http, is_h2), edge, stopping).await;
            }
        }
    }
}

fn only(http: auto::Builder<TokioExecutor>, is_h2: bool) -> auto::Builder<TokioExecutor> {
    if is_h2 {
        http.http2_only()
    } else {
        http.http1_only()
    }
}

/// Waits until it is clear which protocol the caller speaks, reading nothing.
async fn begins_with_preface(socket: &TcpStream) -> std::io::Result<bool> {
    let mut seen = [0; PREFACE.len()];
    let mut looks = tokio::time::interval(LOOK);
    loop {
        let length = socket.peek(&mut seen).await?;
        if length == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if seen[..length] != PREFACE[..length] {
            return Ok(false);
        }
        if length == PREFACE.len() {
            return Ok(true);
        }
        looks.tick().await;
    }
}

async fn speak<S, H>(
    stream: S,
    peer: SocketAddr,
    http: auto::Builder<TokioExecutor>,
    edge: Arc<Edge<H>>,
    stopping: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Handler,
{
    let service = service_fn(move |request| edge.clone().serve(request, peer));
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error, "a connection ended with an error");
        metrics::counter!("gateway_connections_failed_total").increment(1);
    }
}
