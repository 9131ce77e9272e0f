//! The one connection to Redis on which hints arrive.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Client, RedisError, RedisResult};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use types::Clock;

use super::watchers::Watchers;
use connector::Backoff;

/// Longest wait for an answer of Redis.
const ANSWER: Duration = Duration::from_secs(3);
/// How often a silent connection is tried.
const PING: Duration = Duration::from_secs(10);
/// Channels in one command. After each such group of waking streams there is a pause, so that a Redis that comes back does
/// not send thousands of streams to the hub at once.
const GROUP: usize = 200;
const PAUSE: Duration = Duration::from_millis(50);

/// Keeps the subscriptions of this replica's streams.
pub struct Subscriber {
    /// Where hints come from.
    pub client: Client,
    /// Who waits for them.
    pub watchers: Watchers,
    /// The system's time, also in tests: Redis does not wait for theirs.
    pub clock: Clock,
}

impl Subscriber {
    /// Keeps the connection until the service stops.
    pub async fn keep(self, stopping: CancellationToken) {
        let mut backoff = Backoff::default();
        let kept = async {
            loop {
                let ended = self.serve(&mut backoff).await;
                self.watchers.disconnected();
                let wait = backoff.wait();
                tracing::info!(cause = ?ended.err().map(|error| error.to_string()), ?wait, "Redis is away; chats look for news every few seconds");
                self.clock.sleep(wait).await;
            }
        };
        tokio::select! { () = stopping.cancelled() => {}, () = kept => {} }
    }

    async fn serve(&self, backoff: &mut Backoff) -> RedisResult<()> {
        let pubsub = timeout(ANSWER, self.client.get_async_pubsub())
            .await
            .map_err(silent)??;
        let (sink, hints) = pubsub.split();
        backoff.reset();
        self.watchers.connected();
        tokio::select! {
            // Hints are passed on while commands wait for their answers.
            () = self.pass_on(hints) => Ok(()),
            ended = self.subscribe(sink) => ended,
        }
    }

    async fn pass_on(&self, mut hints: PubSubStream) {
        while let Some(hint) = hints.next().await {
            if let Ok(channel) = hint.get_channel::<String>() {
                self.watchers.hint(&channel, hint.get_payload_bytes());
            }
        }
    }

    async fn subscribe(&self, mut sink: PubSubSink) -> RedisResult<()> {
        let mut subscribed: HashSet<Arc<str>> = HashSet::new();
        loop {
            tokio::select! {
                touched = self.watchers.touched() => self.follow(&mut sink, &mut subscribed, touched).await?,
                () = self.clock.sleep(PING) => timeout(ANSWER, sink.ping::<()>()).await.map_err(silent)??,
            }
        }
    }

    /// Subscribes what is watched and not subscribed, ends what is subscribed and not watched.
    async fn follow(
        &self,
        sink: &mut PubSubSink,
        subscribed: &mut HashSet<Arc<str>>,
        touched: Vec<Arc<str>>,
    ) -> RedisResult<()> {
        let touched: HashSet<Arc<str>> = touched.into_iter().collect();
        let (wanted, unwanted): (Vec<_>, Vec<_>) = touched
            .into_iter()
            .partition(|channel| self.watchers.is_watched(channel));
        let gone: Vec<_> = unwanted
            .into_iter()
            .filter(|channel| subscribed.remove(channel))
            .collect();
        for group in gone.chunks(GROUP) {
            timeout(ANSWER, sink.unsubscribe(names(group)))
                .await
                .map_err(silent)??;
        }
        for group in wanted.chunks(GROUP) {
            timeout(ANSWER, sink.subscribe(names(group)))
                .await
                .map_err(silent)??;
            subscribed.extend(group.iter().cloned());
            self.watchers.subscribed(group);
            if wanted.len() > GROUP {
                self.clock.sleep(PAUSE).await;
            }
        }
        Ok(())
    }
}

fn names(group: &[Arc<str>]) -> Vec<&str> {
    group.iter().map(|channel| &**channel).collect()
}

fn silent(_: tokio::time::error::Elapsed) -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
