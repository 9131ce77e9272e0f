//! What is told after a commit. None of it decides anything: who misses it finds out by a slow poll.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use events::Waker;
use kit::lifecycle::Lifecycle;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::sync::{Notify, mpsc};

use crate::changes::Touched;

/// How many hints may wait. More than that are dropped: channels poll as well.
const QUEUE: usize = 10_000;

/// How many hints go to Redis at once.
const BATCH: usize = 200;

/// Tells the relay, channels with open windows, and takers of deliveries that something was committed.
#[derive(Debug, Clone)]
pub struct AfterCommit {
    relay: Waker,
    hints: mpsc::Sender<String>,
    takers: Arc<Takers>,
    files: Arc<Notify>,
}

/// Who waits for deliveries in this process, by connector: one connector's deliveries wake nobody else.
#[derive(Debug, Default)]
struct Takers(Mutex<HashMap<String, Arc<Notify>>>);

impl Takers {
    fn of(&self, connector_key: &str) -> Arc<Notify> {
        let mut takers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        takers.retain(|_, taker| Arc::strong_count(taker) > 1);
        Arc::clone(takers.entry(connector_key.to_owned()).or_default())
    }

    fn wake(&self, connector_key: &str) {
        let takers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taker) = takers.get(connector_key) {
            taker.notify_waiters();
        }
    }
}

impl AfterCommit {
    /// Starts the task that carries hints to Redis.
    ///
    /// # Errors
    /// When the URL is malformed.
    pub fn new(redis_url: &str, relay: Waker, life: &Lifecycle) -> redis::RedisResult<Self> {
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(Duration::from_secs(1)))
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_number_of_retries(1);
        let connection =
            ConnectionManager::new_lazy_with_config(kit::redis::client(redis_url)?, config)?;
        let (hints, waiting) = mpsc::channel(QUEUE);
        let stopping = life.stopping();
        life.spawn("hints", async move {
            tokio::select! { () = publish(connection, waiting) => {}, () = stopping.cancelled() => {} }
        });
        Ok(Self {
            relay,
            hints,
            takers: Arc::default(),
            files: Arc::default(),
        })
    }

    /// Conversations changed in these chats.
    pub fn changed(&self, chats: impl IntoIterator<Item = Touched>) {
        self.relay.wake();
        for chat in chats {
            self.hint(chat_channel(&chat));
        }
    }

    /// Messages came with files that may still have to be fetched.
    pub fn announced(&self) {
        self.files.notify_one();
    }

    /// Wakes who fetches files in this process.
    #[must_use]
    pub fn files(&self) -> Arc<Notify> {
        Arc::clone(&self.files)
    }

    /// There is something to deliver for a connector.
    pub fn queued(&self, connector_key: &str) {
        self.takers.wake(connector_key);
        self.hint(deliveries_channel(connector_key));
    }

    /// Another replica says that there is something to deliver for a connector.
    pub fn queued_elsewhere(&self, connector_key: &str) {
        self.takers.wake(connector_key);
    }

    /// Wakes takers of a connector's deliveries in this process.
    #[must_use]
    pub fn deliveries(&self, connector_key: &str) -> Arc<Notify> {
        self.takers.of(connector_key)
    }

    fn hint(&self, channel: String) {
        if self.hints.try_send(channel).is_err() {
            metrics::counter!("beseda_hints_dropped_total").increment(1);
        }
    }
}

/// The Redis channel on which a change in a chat is told.
#[must_use]
pub fn chat_channel(chat: &Touched) -> String {
    format!("hub:chat:{}:{}", chat.connection, chat.external_chat_id)
}

/// What stands before the connector's key in [`deliveries_channel`].
pub const DELIVERIES_CHANNELS: &str = "hub:deliveries:";

/// The Redis channel on which new deliveries of a connector are told.
#[must_use]
pub fn deliveries_channel(connector_key: &str) -> String {
    format!("{DELIVERIES_CHANNELS}{connector_key}")
}

async fn publish(connection: ConnectionManager, mut waiting: mpsc::Receiver<String>) {
    let mut channels = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut channels, BATCH).await > 0 {
        channels.sort_unstable();
        channels.dedup();
        let mut batch = redis::pipe();
        for channel in channels.drain(..) {
            batch.cmd("PUBLISH").arg(channel).arg("").ignore();
        }
        if let Err(error) = batch.query_async::<()>(&mut connection.clone()).await {
            tracing::debug!(%error, "hints could not be sent; who waits for them polls");
        }
    }
}
