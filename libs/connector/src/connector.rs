//! A connector that runs.

use std::convert::Infallible;
use std::sync::Arc;

use futures::StreamExt;
use kit::lifecycle::Lifecycle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use types::Clock;

use crate::backoff::Backoff;
use crate::channel::Channel;
use crate::deliveries::Sender;
use crate::health::Health;
use crate::hub::{Hub, News};
use crate::lines::{Keeper, Lines};
use crate::reports::Reports;

/// Deliveries under lease at once.
const IN_FLIGHT: i32 = 200;

/// A connector that runs. It ends with the life that it was started in.
pub struct Connector<C: Channel> {
    channel: Arc<C>,
    hub: Hub,
    keeper: Arc<Keeper<C>>,
    sender: Arc<Sender<C>>,
    stopping: CancellationToken,
}

impl<C: Channel> Connector<C> {
    /// Starts it in `life`: register, watch, send, for ever. The connections are found by what it returns, for channels that call
    /// us. When the life ends, messages that are being sent are finished and reported, and no others begun.
    pub fn start(channel: Arc<C>, hub: Hub, life: &Lifecycle) -> Lines<C::Line> {
        let (lines, health) = (Lines::default(), Health::default());
        let (reports, reporter) = Reports::new(hub.clone());
        let keeper = Keeper {
            channel: Arc::clone(&channel),
            hub: hub.clone(),
            lines: lines.clone(),
            health: health.clone(),
            life: life.clone(),
        };
        let sender = Sender {
            channel: Arc::clone(&channel),
            hub: hub.clone(),
            lines: lines.clone(),
            reports,
            life: life.clone(),
            underway: Arc::default(),
        };
        let connector = Self {
            channel,
            hub: hub.clone(),
            keeper: Arc::new(keeper),
            sender: Arc::new(sender),
            stopping: life.stopping(),
        };
        // Reports are told until the last sender has gone, which may be after stopping has begun.
        life.spawn("reports", reporter.run());
        let stopping = life.stopping();
        life.spawn("health", async move {
            tokio::select! { () = health.keep(hub) => {}, () = stopping.cancelled() => {} }
        });
        life.spawn("hub", connector.keep());
        lines
    }

    async fn keep(self) {
        let stopping = self.stopping.clone();
        let mut backoff = Backoff::default();
        let kept = async {
            loop {
                let Err(status) = self.serve(&mut backoff).await;
                let wait = backoff.wait();
                tracing::info!(connector = self.hub.connector_key(), code = ?status.code(), reason = status.message(), ?wait, "the hub is away; connecting again");
                Clock::system().sleep(wait).await;
            }
        };
        tokio::select! { () = stopping.cancelled() => {}, () = kept => {} }
    }

    async fn serve(&self, backoff: &mut Backoff) -> Result<Infallible, Status> {
        self.hub.register(self.channel.manifest()).await?;
        backoff.reset();
        // No delivery comes before its connection is known.
        let (synced, known) = oneshot::channel();
        let take = async {
            let _ = known.await;
            self.take_deliveries().await
        };
        let (never, _) = tokio::try_join!(self.watch_connections(synced), take)?;
        Ok(never)
    }

    async fn watch_connections(&self, synced: oneshot::Sender<()>) -> Result<Infallible, Status> {
        let mut synced = Some(synced);
        let mut news = Box::pin(self.hub.connections().await?);
        while let Some(told) = news.next().await.transpose()? {
            match (told, synced.take()) {
                (News::Connection(connection), waiting) => {
                    synced = waiting;
                    self.keeper.told(connection);
                }
                (News::Synced, Some(waiting)) => {
                    let _ = waiting.send(());
                }
                (News::Synced, None) => {}
            }
        }
        Err(ended())
    }

    async fn take_deliveries(&self) -> Result<Infallible, Status> {
        let mut deliveries = Box::pin(self.hub.deliveries(IN_FLIGHT).await?);
        while let Some(delivery) = deliveries.next().await.transpose()? {
            self.sender.begin(delivery);
        }
        Err(ended())
    }
}

fn ended() -> Status {
    Status::unavailable("the hub ended the stream")
}
