//! A hub to check connectors with: strict about what it is told, and with bad days on request. It keeps everything in memory.

pub(crate) mod book;
mod deliveries;
pub(crate) mod events;
mod files;
mod history;
mod service;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::connector::v1::connector_hub_service_server::ConnectorHubServiceServer;
use kit::lifecycle::Lifecycle;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_stream::wrappers::TcpListenerStream;
use types::{Clock, ConnectionId};

use crate::report::Failure;
use book::Book;

/// The largest message that is taken, as the real hub has it.
const LARGEST: usize = 8 << 20;

/// How soon what the hub was asked is dropped when it goes down.
const GRACE: Duration = Duration::from_millis(300);

/// Whose calls are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Those with this key.
    Key(String),
    /// Those with any: a service gets its tokens elsewhere.
    Any,
}

/// What the hub is like.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The key of the connector that is checked.
    pub connector_key: String,
    /// Whose calls are taken.
    pub credentials: Credentials,
    /// Its connection.
    pub connection: ConnectionId,
    /// The settings of its connection, with secrets.
    pub settings: Map<String, Value>,
    /// How long what is expected may take.
    pub patience: Duration,
    /// How long it takes to believe that nothing more comes.
    pub quiet: Duration,
    /// How many chats write and are written to at once in the case for it.
    pub chats: usize,
}

impl Options {
    /// A connector of this key with these settings, at a free port of this machine.
    #[must_use]
    pub fn new(connector_key: &str, settings: Map<String, Value>) -> Self {
        Self {
            listen: ([127, 0, 0, 1], 0).into(),
            connector_key: connector_key.to_owned(),
            credentials: Credentials::Key(format!("bsk_{}", kit::secrets::random_token())),
            connection: ConnectionId::generate(),
            settings,
            patience: Duration::from_secs(30),
            quiet: Duration::from_millis(1_500),
            chats: 100,
        }
    }
}

/// The hub. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: Options,
    address: SocketAddr,
    book: Mutex<Book>,
    changes: watch::Sender<()>,
    life: Mutex<Lifecycle>,
}

impl Hub {
    /// Starts it.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn start(options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let hub = Self(Arc::new(Inner {
            address: listener.local_addr()?,
            book: Mutex::new(Book::new(&options, options.connection.to_string())),
            options,
            changes: watch::Sender::new(()),
            life: Mutex::default(),
        }));
        hub.serve(listener);
        Ok(hub)
    }

    /// Its address, `http://host:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// The key that the connector has to show.
    #[must_use]
    pub fn api_key(&self) -> &str {
        match &self.0.options.credentials {
            Credentials::Key(key) => key,
            Credentials::Any => "",
        }
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    /// Streams and waiting calls end with it.
    pub(crate) fn life(&self) -> Lifecycle {
        self.0
            .life
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn serve(&self, listener: TcpListener) {
        let life = Lifecycle::new();
        *self.0.life.lock().unwrap_or_else(PoisonError::into_inner) = life.clone();
        let stopping = life.stopping();
        let service =
            ConnectorHubServiceServer::new(self.clone()).max_decoding_message_size(LARGEST);
        let serving = tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming_shutdown(TcpListenerStream::new(listener), async move {
                stopping.cancelled().await;
            });
        life.spawn("hub", async move {
            if let Err(error) = serving.await {
                tracing::warn!(%error, "the hub's port failed");
            }
        });
    }

    /// It goes away: calls fail, streams end, nobody answers at its address. What it knows it keeps.
    pub(crate) async fn go_down(&self) {
        self.life().drain(GRACE).await;
    }

    /// It comes back at its address.
    pub(crate) async fn come_back(&self) -> Result<(), Failure> {
        let listener = TcpListener::bind(self.0.address).await?;
        self.serve(listener);
        Ok(())
    }

    /// Reads or changes what it knows.
    pub(crate) fn with<T>(&self, action: impl FnOnce(&mut Book) -> T) -> T {
        let mut book = self.0.book.lock().unwrap_or_else(PoisonError::into_inner);
        action(&mut book)
    }

    /// Changes what it knows and tells whoever waits.
    pub(crate) fn change<T>(&self, action: impl FnOnce(&mut Book) -> T) -> T {
        let changed = self.with(action);
        self.0.changes.send_replace(());
        changed
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.0.changes.subscribe()
    }

    /// Waits until the connector has brought it to this.
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        mut look: impl FnMut(&Book) -> Option<T>,
    ) -> Result<T, Failure> {
        let mut changes = self.changes();
        let looking = async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = self.with(|book| look(book)) {
                    return found;
                }
                // The sender is as old as the hub.
                let _ = changes.changed().await;
            }
        };
        let (patience, clock) = (self.0.options.patience, Clock::system());
        tokio::select! {
            found = looking => Ok(found),
            () = clock.sleep(patience) => {
                Err(Failure::Unmet(format!("not within {} s: {what}", patience.as_secs())))
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.life
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .stop();
    }
}
