//! The connections to one service: kept up, grown with the load, made again when lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use kit::Refusal;
use kit::lifecycle::Lifecycle;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Lease};
use super::interruption;

const FIRST_BACKOFF: Duration = Duration::from_millis(20);
const LAST_BACKOFF: Duration = Duration::from_secs(1);
/// A service that is away for longer is down, not restarting: calls are refused at once instead of piling up.
const RESTART: Duration = Duration::from_secs(10);

/// How a service is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Connections from the start. More than one lets more cores share the work of a busy service.
    pub connections: usize,
    /// Connections at most; another one is opened when all are three quarters full of calls.
    pub max_connections: usize,
    /// How long a call that could not be sent yet waits for a connection.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 1,
            max_connections: 64,
            patience: Duration::from_secs(3),
        }
    }
}

/// Where a service is.
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    authority: Authority,
}

/// Why an address cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the address of {service}, {address:?}, must look like http://HOST:PORT")]
pub struct BadAddress {
    service: &'static str,
    address: String,
}

/// A service behind the gateway.
pub struct Backend {
    name: &'static str,
    target: Target,
    settings: Settings,
    lifecycle: Lifecycle,
    connections: ArcSwap<Vec<Arc<Connection>>>,
    /// How many connections there should be.
    wanted: AtomicUsize,
    /// Wakes the task that makes connections.
    work: Notify,
    /// Wakes calls that wait for a connection or for room on one.
    room: Arc<Notify>,
    /// Since when there is no connection.
    down_since: Mutex<Option<Instant>>,
    seen: AtomicBool,
}

impl Backend {
    /// The service `name` at `address`, connected to from now on.
    ///
    /// # Errors
    /// When the address is none.
    pub fn start(
        name: &'static str,
        address: &str,
        settings: Settings,
        lifecycle: &Lifecycle,
    ) -> Result<Arc<Self>, BadAddress> {
        let target = target(address).ok_or_else(|| BadAddress {
            service: name,
            address: address.to_owned(),
        })?;
        let backend = Arc::new(Self {
            name,
            target,
            wanted: AtomicUsize::new(settings.connections.max(1)),
            settings,
            lifecycle: lifecycle.clone(),
            connections: ArcSwap::default(),
            work: Notify::new(),
            room: Arc::default(),
            down_since: Mutex::new(Some(Instant::now())),
            seen: AtomicBool::new(false),
        });
        lifecycle.spawn("gateway.backend", backend.clone().keep_connected());
        Ok(backend)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Is there a connection?
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.connections
            .load()
            .iter()
            .any(|connection| connection.is_open())
    }

    /// Calls in progress.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.connections
            .load()
            .iter()
            .map(|connection| connection.streams())
            .sum()
    }

    /// Lets go of the connections: each closes with the last call on it.
    pub fn close(&self) {
        self.connections.store(Arc::default());
    }

    pub(super) fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    pub(super) fn stopping(&self) -> CancellationToken {
        self.lifecycle.stopping()
    }

    pub(super) fn uri(&self, uri: &Uri) -> Uri {
        let path = uri
            .path_and_query()
            .cloned()
            .unwrap_or_else(|| PathAndQuery::from_static("/"));
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.target.authority.clone());
        parts.path_and_query = Some(path);
        // Scheme, authority and path are all there, which is all that can be missing.
        Uri::from_parts(parts).unwrap_or_default()
    }

    /// A place for a call, at once or after a short wait.
    pub(super) async fn lease(&self, deadline: Option<Instant>) -> Result<Lease, Refusal> {
        match self.pick() {
            Some(lease) => Ok(lease),
            None => Box::pin(self.wait(deadline)).await,
        }
    }

    async fn wait(&self, deadline: Option<Instant>) -> Result<Lease, Refusal> {
        let patience = self.patience();
        let until = deadline.map_or(patience, |deadline| deadline.min(patience));
        loop {
            let room = self.room.notified();
            tokio::pin!(room);
            // Listening first: a connection that comes between the look and the wait is not missed.
            room.as_mut().enable();
            if let Some(lease) = self.pick() {
                return Ok(lease);
            }
            if tokio::time::timeout_at(until, room).await.is_err() {
                return Err(if self.is_up() {
                    Refusal::overloaded(interruption::RETRY)
                } else {
                    Refusal::service_unreachable(interruption::RETRY)
                });
            }
        }
    }

    /// Until when a call waits.
    fn patience(&self) -> Instant {
        let now = Instant::now();
        match *self
            .down_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
        {
            Some(since) if now.duration_since(since) > RESTART => now,
            Some(_) | None => now + self.settings.patience,
        }
    }

    /// A place on the emptiest connection.
    fn pick(&self) -> Option<Lease> {
        let connections = self.connections.load();
        let emptiest = connections
            .iter()
            .filter(|connection| connection.is_open())
            .min_by_key(|connection| connection.streams());
        let Some(connection) = emptiest else {
            self.work.notify_one();
            return None;
        };
        if connection.streams() >= connection.limit() / 4 * 3 {
            self.grow(connections.len());
        }
        let lease = connection.lease();
        if !connection.is_open() {
            self.work.notify_one();
        }
        lease
    }

    fn grow(&self, have: usize) {
        let wanted = (have + 1).min(self.settings.max_connections);
        if self.wanted.fetch_max(wanted, Ordering::Relaxed) < wanted {
            self.work.notify_one();
        }
    }

    /// Makes connections for as long as the gateway runs.
    async fn keep_connected(self: Arc<Self>) {
        let stopped = self.lifecycle.stopping();
        let mut backoff = FIRST_BACKOFF;
        loop {
            if self.prune() >= self.wanted.load(Ordering::Relaxed) {
                tokio::select! { () = self.work.notified() => continue, () = stopped.cancelled() => return }
            }
            let error = match Connection::open(&self.target, self.room.clone()).await {
                Ok((connection, driver)) => {
                    backoff = FIRST_BACKOFF;
                    self.add(connection, driver);
                    continue;
                }
                Err(error) => error,
            };
            tracing::debug!(service = self.name, cause = %error, "a service cannot be reached yet");
            let pause = backoff.mul_f64(0.5 + rand::random::<f64>() / 2.0);
            tokio::select! {
                () = tokio::time::sleep_until(Instant::now() + pause) => {}
                () = stopped.cancelled() => return,
            }
            backoff = (backoff * 2).min(LAST_BACKOFF);
        }
    }

    /// Forgets closed connections; how many are left.
    fn prune(&self) -> usize {
        let connections = self.connections.load_full();
        let open: Vec<_> = connections
            .iter()
            .filter(|connection| connection.is_open())
            .cloned()
            .collect();
        let left = open.len();
        if left < connections.len() {
            self.connections.store(Arc::new(open));
        }
        let mut down_since = self
            .down_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if left == 0 && down_since.is_none() {
            *down_since = Some(Instant::now());
            tracing::warn!(
                service = self.name,
                "the connection to a service is lost; connecting again"
            );
        }
        left
    }

    /// Only [`Self::keep_connected`] adds and prunes, so nothing is overwritten.
    fn add(self: &Arc<Self>, connection: Arc<Connection>, driver: super::connection::Driver) {
        let mut connections = self.connections.load().to_vec();
        connections.push(connection);
        self.connections.store(Arc::new(connections));
        let was_down = self
            .down_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .is_some();
        if was_down {
            let again = self.seen.swap(true, Ordering::Relaxed);
            tracing::info!(service = self.name, again, "connected to a service");
        }
        self.room.notify_waiters();
        let backend = self.clone();
        self.lifecycle
            .spawn("gateway.connection_to_service", async move {
                driver.await;
                backend.work.notify_one();
            });
    }
}

fn target(address: &str) -> Option<Target> {
    let uri: Uri = address.parse().ok()?;
    let authority = uri.authority()?.clone();
    let usable = uri.scheme() == Some(&Scheme::HTTP)
        && matches!(uri.path(), "" | "/")
        && uri.query().is_none();
    usable.then(|| Target {
        host: authority.host().trim_matches(['[', ']']).to_owned(),
        port: authority.port_u16().unwrap_or(80),
        authority,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        let of = |address| target(address).map(|target| (target.host, target.port));
        assert_eq!(
            of("http://127.0.0.1:5001"),
            Some(("127.0.0.1".to_owned(), 5001))
        );
        assert_eq!(of("http://[::1]:5001/"), Some(("::1".to_owned(), 5001)));
        assert_eq!(of("http://identity"), Some(("identity".to_owned(), 80)));
        assert_eq!(of("https://identity:1"), None);
        assert_eq!(of("identity:1"), None);
        assert_eq!(of("http://identity/x"), None);
    }
}
