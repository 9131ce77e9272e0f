//! P15: one message to a thousand live streams.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use api::conversations::v1::WatchInboxResponse;
use api::conversations::v1::watch_inbox_response::Event;
use futures::stream::{self, StreamExt, TryStreamExt};
use hdrhistogram::Histogram;
use tokio::sync::mpsc;
use tonic::Streaming;
use tonic::transport::Channel;

use super::ingest::{Hub, Spread, publish};
use super::streams::watch;
use crate::Options;
use crate::load::{self, histogram, micros};
use crate::report::{Goal, Report};
use crate::stand::{EMAIL, Stand};

/// Who watches.
const SUBSCRIBERS: usize = 1_000;
/// How many of them share a connection.
const SHARED: usize = 50;
/// Messages whose last receipt is timed, one after the other.
const TIMED: u64 = 100;

/// Measures it.
pub async fn measure(options: &Options, stand: &Stand, report: &mut Report) -> Result<()> {
    let hub = ConnectorHubServiceClient::new(stand.connector("conversations")?);
    let spread = Spread {
        connections: Arc::new(stand.connections(1).await?),
        chats: 100,
        label: "p15".to_owned(),
    };
    let mut receipts = subscribe(stand).await?;
    // Chats exist, plans are cached.
    last_receipts(&hub, &spread, "warm", &mut receipts).await?;
    let (mut last, mut rate) = (Vec::new(), Vec::new());
    for run in 0..options.runs {
        let calm = last_receipts(&hub, &spread, &format!("calm-{run}"), &mut receipts).await?;
        last.push(calm.value_at_quantile(0.99) as f64 / 1e3);
        let label = format!("load-{run}");
        rate.push(deliveries(options, stand, &hub, &spread, &label, &mut receipts).await?);
    }
    let goal = |floor, target| Goal {
        id: "P15",
        floor,
        target,
    };
    report.add(
        goal("–", "≤ 50"),
        "acknowledged → on the last of 1,000 streams, p99",
        "ms",
        &last,
    );
    report.add(
        goal("≥ 12.5", "≥ 40"),
        "deliveries a CPU second of all services",
        "k",
        &rate,
    );
    Ok(())
}

/// Opens the streams; each receipt of a message is told.
async fn subscribe(stand: &Stand) -> Result<mpsc::UnboundedReceiver<()>> {
    let authorization = stand.authorization(EMAIL).await?;
    let url = &stand.service("conversations")?.url;
    let channels: Vec<Channel> = (0..SUBSCRIBERS / SHARED)
        .map(|_| kit::channel(url))
        .collect::<Result<_, _>>()?;
    let streams: Vec<_> = stream::iter(0..SUBSCRIBERS)
        .map(|n| watch(channels[n / SHARED].clone(), authorization.clone()))
        .buffer_unordered(64)
        .try_collect()
        .await?;
    let (told, receipts) = mpsc::unbounded_channel();
    for stream in streams {
        load::spawn(tell(stream, told.clone()));
    }
    Ok(receipts)
}

async fn tell(mut stream: Streaming<WatchInboxResponse>, told: mpsc::UnboundedSender<()>) {
    while let Ok(Some(step)) = stream.message().await {
        if matches!(step.event, Some(Event::Change(_))) && told.send(()).is_err() {
            return;
        }
    }
}

async fn receive(receipts: &mut mpsc::UnboundedReceiver<()>, mut count: u64) -> Result<()> {
    while count > 0 {
        receipts.recv().await.context("a stream ended")?;
        count -= 1;
    }
    Ok(())
}

/// From the acknowledgement of a message to its last receipt, message after message.
async fn last_receipts(
    hub: &Hub,
    spread: &Spread,
    label: &str,
    receipts: &mut mpsc::UnboundedReceiver<()>,
) -> Result<Histogram<u64>> {
    let spread = Spread {
        label: format!("{}-{label}", spread.label),
        ..spread.clone()
    };
    let mut taken = histogram()?;
    for n in 0..TIMED {
        publish(hub, vec![spread.event(0, n)]).await?;
        let acknowledged = Instant::now();
        receive(receipts, SUBSCRIBERS as u64).await?;
        taken.record(micros(acknowledged.elapsed()))?;
    }
    Ok(taken)
}

/// Thousands of deliveries for a second of the services' CPU, with batches of 20 messages as fast as they are received.
async fn deliveries(
    options: &Options,
    stand: &Stand,
    hub: &Hub,
    spread: &Spread,
    label: &str,
    receipts: &mut mpsc::UnboundedReceiver<()>,
) -> Result<f64> {
    const AT_ONCE: u64 = 20;
    let spread = Spread {
        label: format!("{}-{label}", spread.label),
        ..spread.clone()
    };
    let before = cpu(stand)?;
    let (begin, mut count) = (Instant::now(), 0);
    while begin.elapsed() < Duration::from_secs(options.seconds) {
        let events = (count..count + AT_ONCE).map(|n| spread.event(0, n));
        publish(hub, events.collect()).await?;
        receive(receipts, SUBSCRIBERS as u64 * AT_ONCE).await?;
        count += AT_ONCE;
    }
    let used = (cpu(stand)? - before).as_secs_f64();
    Ok((count * SUBSCRIBERS as u64) as f64 / used / 1e3)
}

fn cpu(stand: &Stand) -> Result<Duration> {
    stand.services.iter().map(|service| service.cpu()).sum()
}
