//! One HTTP/2 connection to a service, and a call's share of it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Ping, PingPong, SendStream};
use http::Request;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::pool::Target;

/// A service that does not answer a ping within this time is gone, whatever its socket says.
const PING_TIMEOUT: Duration = Duration::from_secs(5);
const PING_INTERVAL: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// What a service may send for one call before the caller has taken it.
const STREAM_WINDOW: u32 = 256 * 1024;
/// Room for every stream's window: a slow reader must not hold up the others that share the connection.
const CONNECTION_WINDOW: u32 = 1 << 30;
/// h2 counts small frames that wait for their reader against this. Services are trusted, their windows are limit enough.
const FRAME_BUDGET: usize = 1 << 30;
const SEND_BUFFER: usize = 256 * 1024;
/// Large enough that the table of headers, the same for each call of a client, is not evicted all the time.
const HEADER_LIST: u32 = 64 * 1024;

/// Why a connection could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("connecting took longer than {CONNECT_TIMEOUT:?}")]
    Timeout(#[from] tokio::time::error::Elapsed),
    #[error("connecting")]
    Connect(#[from] std::io::Error),
    #[error("speaking HTTP/2")]
    Protocol(#[from] h2::Error),
}

/// An open connection.
pub(super) struct Connection {
    sender: SendRequest<Bytes>,
    /// Calls on it.
    streams: AtomicUsize,
    /// How many it may carry, as the service said.
    limit: AtomicUsize,
    open: AtomicBool,
    /// Told when a call ends.
    room: Arc<Notify>,
}

/// Runs a connection to its end.
pub(super) type Driver = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

impl Connection {
    /// Connects. The driver has to be run for anything to happen on the connection.
    pub(super) async fn open(
        target: &Target,
        room: Arc<Notify>,
    ) -> Result<(Arc<Self>, Driver), Error> {
        tokio::time::timeout(CONNECT_TIMEOUT, Self::establish(target, room)).await?
    }

    async fn establish(target: &Target, room: Arc<Notify>) -> Result<(Arc<Self>, Driver), Error> {
        let socket = TcpStream::connect((target.host.as_str(), target.port)).await?;
        socket.set_nodelay(true)?;
        let (sender, mut wire) = h2::client::Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .data_frame_budget(FRAME_BUDGET)
            .max_send_buffer_size(SEND_BUFFER)
            .max_header_list_size(HEADER_LIST)
            .enable_push(false)
            .handshake(socket)
            .await?;
        let mut pings = wire
            .ping_pong()
            .ok_or(h2::Error::from(h2::Reason::INTERNAL_ERROR))?;
        // The answer shows that a service is there, and comes after its settings.
        tokio::select! {
            pong = pings.ping(Ping::opaque()) => pong.map(|_| ())?,
            over = &mut wire => over?,
        }
        let limit = AtomicUsize::new(wire.max_concurrent_send_streams());
        let connection = Arc::new(Self {
            sender,
            streams: AtomicUsize::new(0),
            limit,
            open: AtomicBool::new(true),
            room,
        });
        // Not a share of its own: a connection that nobody uses any more closes.
        let watched = Arc::downgrade(&connection);
        let driver = Box::pin(async move {
            tokio::select! {
                over = wire => tracing::debug!(?over, "a connection to a service ended"),
                () = watch(&watched, pings) => tracing::warn!("a service answers no pings; its connection is given up"),
            }
            if let Some(connection) = watched.upgrade() {
                connection.close();
            }
        });
        Ok((connection, driver))
    }

    pub(super) fn close(&self) {
        self.open.store(false, Ordering::Release);
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    pub(super) fn streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }

    pub(super) fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// Can a call be sent? A connection that the service is leaving says no here before anything is sent.
    fn is_ready(&self) -> bool {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        self.is_open()
            && matches!(
                self.sender.clone().poll_ready(&mut context),
                std::task::Poll::Ready(Ok(()))
            )
    }

    /// Takes a place for a call.
    pub(super) fn lease(self: &Arc<Self>) -> Option<Lease> {
        if self.streams.fetch_add(1, Ordering::Relaxed) < self.limit() {
            let lease = Lease(self.clone());
            if self.is_ready() {
                return Some(lease);
            }
            self.close();
            return None;
        }
        self.streams.fetch_sub(1, Ordering::Relaxed);
        None
    }
}

/// Ends when the service answers no more.
async fn watch(connection: &Weak<Connection>, mut pings: PingPong) {
    let mut interval = tokio::time::interval(PING_INTERVAL);
    loop {
        interval.tick().await;
        if !matches!(
            tokio::time::timeout(PING_TIMEOUT, pings.ping(Ping::opaque())).await,
            Ok(Ok(_))
        ) {
            return;
        }
        if let Some(connection) = connection.upgrade() {
            connection.limit.store(
                connection.sender.current_max_send_streams(),
                Ordering::Relaxed,
            );
        }
    }
}

/// A place for one call on a connection.
pub(super) struct Lease(Arc<Connection>);

impl Lease {
    /// Sends the head of a call.
    pub(super) fn send(
        &self,
        request: Request<()>,
        ended: bool,
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        self.0.sender.clone().send_request(request, ended)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let before = self.0.streams.fetch_sub(1, Ordering::Relaxed);
        if before >= self.0.limit() {
            self.0.room.notify_one();
        }
    }
}
