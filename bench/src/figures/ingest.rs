//! P1–P5: messages from a connector into the database, and on to live streams.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use api::connector::v1::channel_event::Event;
use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use api::connector::v1::{
    ChannelEvent, IncomingMessage, PublishOutcome, PublishRequest, PublishStreamRequest,
};
use api::conversations::v1::WatchInboxRequest;
use api::conversations::v1::inbox_service_client::InboxServiceClient;
use api::conversations::v1::watch_inbox_response::Event as Watched;
use auth::ServiceChannel;
use hdrhistogram::Histogram;
use tonic::Request;
use types::ConnectionId;

use crate::load::{self, Measured, histogram, micros};
use crate::report::{Goal, Report};
use crate::stand::{CONNECTOR, EMAIL, Stand};
use crate::{Options, baseline};

const TEXT: &str = "a message of common length, about sixty characters long";

/// How clients and chats are spread.
#[derive(Clone)]
pub struct Spread {
    /// Where messages come in, in turn.
    pub connections: Arc<Vec<ConnectionId>>,
    /// How many chats; 0: every message is a new chat, and so a new conversation.
    pub chats: u64,
    /// Keeps the event ids of measurements apart.
    pub label: String,
}

impl Spread {
    /// The message that a client writes as its n-th.
    pub fn event(&self, client: u64, n: u64) -> ChannelEvent {
        let connection =
            self.connections[((client * 7_919 + n) % self.connections.len() as u64) as usize];
        let id = format!("{}-{client}-{n}", self.label);
        let chat = if self.chats == 0 {
            id.clone()
        } else {
            format!("chat-{}", (client * 104_729 + n) % self.chats)
        };
        let message = IncomingMessage {
            text: TEXT.to_owned(),
            sender_name: "Client".to_owned(),
            ..IncomingMessage::default()
        };
        ChannelEvent {
            connection_id: connection.to_string(),
            external_event_id: id,
            external_chat_id: chat,
            event: Some(Event::Message(message)),
            ..ChannelEvent::default()
        }
    }
}

/// Where messages are brought.
pub type Hub = ConnectorHubServiceClient<ServiceChannel>;

/// Brings messages and says how many were taken: all of them.
pub async fn publish(hub: &Hub, events: Vec<ChannelEvent>) -> Result<u64> {
    let request = PublishRequest {
        connector_key: CONNECTOR.to_owned(),
        events,
    };
    let results = hub.clone().publish(request).await?.into_inner().results;
    for result in &results {
        ensure!(
            result.outcome() == PublishOutcome::Accepted,
            "an event was not accepted: {} {}",
            result.reason,
            result.reason_text
        );
    }
    Ok(results.len() as u64)
}

/// 16 clients that each bring a message when the one before is acknowledged.
pub async fn one_by_one(hub: &Hub, spread: &Spread, time: Duration) -> Result<Measured> {
    let (hub, spread) = (hub.clone(), spread.clone());
    load::closed(16, time, move |client, n| {
        let (hub, event) = (hub.clone(), spread.event(client as u64, n));
        async move { publish(&hub, vec![event]).await }
    })
    .await
}

/// Batches of 100 over four streams, each with a few batches on the way.
async fn in_bulk(hub: &Hub, spread: &Spread, time: Duration) -> Result<f64> {
    let begin = Instant::now();
    let streams = (0..4u64).map(|client| {
        let (mut hub, spread) = (hub.clone(), spread.clone());
        load::spawn(async move {
            let batches = futures::stream::unfold(0u64, move |n| {
                let spread = spread.clone();
                async move {
                    let events = (0..100)
                        .map(|place| spread.event(client, n * 100 + place))
                        .collect();
                    (begin.elapsed() < time).then(|| {
                        (
                            PublishStreamRequest {
                                connector_key: CONNECTOR.to_owned(),
                                events,
                            },
                            n + 1,
                        )
                    })
                }
            });
            let mut replies = hub.publish_stream(batches).await?.into_inner();
            let mut stored = 0;
            while let Some(reply) = replies.message().await? {
                stored += reply
                    .results
                    .iter()
                    .filter(|result| result.outcome() == PublishOutcome::Accepted)
                    .count();
            }
            anyhow::Ok(stored)
        })
    });
    let mut stored = 0;
    for stream in futures::future::try_join_all(streams).await? {
        stored += stream?;
    }
    Ok(stored as f64 / begin.elapsed().as_secs_f64())
}

/// Measures P1 to P5.
pub async fn measure(options: &Options, stand: &Stand, report: &mut Report) -> Result<()> {
    baseline::prepare(stand).await?;
    let hub = ConnectorHubServiceClient::new(stand.connector("conversations")?);
    let connections = Arc::new(stand.connections(1_000).await?);
    let one = Arc::new(vec![connections[0]]);
    let spread = |label: &str, connections: &Arc<Vec<ConnectionId>>, chats| Spread {
        connections: Arc::clone(connections),
        chats,
        label: label.to_owned(),
    };
    let time = Duration::from_secs(options.seconds);
    // Chats exist, plans are cached, the files have grown.
    one_by_one(&hub, &spread("warm", &one, 1_000), Duration::from_secs(3)).await?;
    stand.analyze().await?;

    let (mut tps, mut p1, mut p2, mut p3) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut rates = Vec::new();
    for run in 0..options.runs {
        let baseline = baseline::three_statements(stand, options.seconds)?;
        let single = one_by_one(&hub, &spread(&format!("p1-{run}"), &one, 1_000), time)
            .await?
            .rate;
        let bulk = in_bulk(&hub, &spread(&format!("p2-{run}"), &one, 1_000), time).await?;
        let many = one_by_one(
            &hub,
            &spread(&format!("p3-many-{run}"), &connections, 0),
            time,
        )
        .await?
        .rate;
        let hot = one_by_one(&hub, &spread(&format!("p3-hot-{run}"), &one, 0), time)
            .await?
            .rate;
        tps.push(baseline);
        rates.push(single);
        p1.push(single / baseline);
        p2.push(bulk / baseline);
        p3.push(hot / many);
    }
    stand.check_numbers().await?;
    report.add(
        Goal {
            id: "P1",
            floor: "–",
            target: "baseline",
        },
        "pgbench, 3 statements, 16 clients",
        "/s",
        &tps,
    );
    report.add(
        Goal {
            id: "P1",
            floor: "1.0",
            target: "2.0",
        },
        "durable ingest, 16 clients ÷ pgbench",
        "×",
        &p1,
    );
    report.add(
        Goal {
            id: "P2",
            floor: "3",
            target: "6",
        },
        "bulk ingest, batches of 100 ÷ pgbench",
        "×",
        &p2,
    );
    report.add(
        Goal {
            id: "P3",
            floor: "0.6",
            target: "0.9",
        },
        "new conversations in 1 account ÷ in 1,000",
        "×",
        &p3,
    );

    rates.sort_by(f64::total_cmp);
    let half = rates[rates.len() / 2] / 2.0;
    latency(
        options,
        stand,
        report,
        &hub,
        &spread("p4", &one, 1_000),
        half,
    )
    .await
}

/// P4 and P5: acknowledgement, and from there to a live stream, at half the rate of P1.
async fn latency(
    options: &Options,
    stand: &Stand,
    report: &mut Report,
    hub: &Hub,
    spread: &Spread,
    rate: f64,
) -> Result<()> {
    let (mut commit, mut p50, mut p99, mut live50, mut live99) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for run in 0..options.runs {
        let baseline = baseline::one_commit(stand, options.seconds)?;
        let spread = Spread {
            label: format!("{}-{run}", spread.label),
            ..spread.clone()
        };
        let (acknowledged, live) = ack_and_live(
            stand,
            hub,
            &spread,
            rate,
            Duration::from_secs(options.seconds),
        )
        .await?;
        commit.push(baseline);
        p50.push(acknowledged.percentile(50.0) / baseline);
        p99.push(acknowledged.percentile(99.0) / baseline);
        live50.push(live.value_at_quantile(0.5) as f64 / 1e3);
        live99.push(live.value_at_quantile(0.99) as f64 / 1e3);
    }
    report.add(
        Goal {
            id: "P4",
            floor: "–",
            target: "baseline",
        },
        "pgbench, 1 statement, 1 client",
        "ms",
        &commit,
    );
    report.add(
        Goal {
            id: "P4",
            floor: "6",
            target: "4",
        },
        "acknowledgement p50 at half load ÷ one commit",
        "×",
        &p50,
    );
    report.add(
        Goal {
            id: "P4",
            floor: "–",
            target: "15",
        },
        "acknowledgement p99 at half load ÷ one commit",
        "×",
        &p99,
    );
    report.add(
        Goal {
            id: "P5",
            floor: "–",
            target: "≤ 3",
        },
        "acknowledged → on a live stream, p50",
        "ms",
        &live50,
    );
    report.add(
        Goal {
            id: "P5",
            floor: "≤ 50",
            target: "≤ 15",
        },
        "acknowledged → on a live stream, p99",
        "ms",
        &live99,
    );
    Ok(())
}

async fn ack_and_live(
    stand: &Stand,
    hub: &Hub,
    spread: &Spread,
    rate: f64,
    time: Duration,
) -> Result<(Measured, Histogram<u64>)> {
    let mut request = Request::new(WatchInboxRequest::default());
    request
        .metadata_mut()
        .insert("authorization", stand.authorization(EMAIL).await?);
    let mut stream = InboxServiceClient::new(stand.channel("conversations")?)
        .watch_inbox(request)
        .await?
        .into_inner();
    stream.message().await?;
    let acknowledged: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let total = (rate * time.as_secs_f64()) as usize;
    let watcher = load::spawn(async move {
        let mut seen = HashMap::new();
        while seen.len() < total {
            let step = stream.message().await?.context("the stream ended")?;
            if let Some(Watched::Change(change)) = step.event {
                let id = change.message.context("no message")?.id;
                seen.insert(id, Instant::now());
            }
        }
        anyhow::Ok(seen)
    });
    let (hub, events, noted) = (hub.clone(), spread.clone(), Arc::clone(&acknowledged));
    let measured = load::open(rate, time, move |n| {
        let (hub, event, noted) = (hub.clone(), events.event(0, n), Arc::clone(&noted));
        async move {
            let request = PublishRequest {
                connector_key: CONNECTOR.to_owned(),
                events: vec![event],
            };
            let reply = hub.clone().publish(request).await?.into_inner();
            let id = reply
                .results
                .into_iter()
                .next()
                .context("no result")?
                .message_id;
            noted
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(id, Instant::now());
            Ok(())
        }
    })
    .await?;
    let seen = watcher.await??;
    let mut live = histogram()?;
    let acknowledged = acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
    for (id, at) in seen {
        if let Some(acknowledged) = acknowledged.get(&id) {
            live.record(micros(at.saturating_duration_since(*acknowledged)))?;
        }
    }
    Ok((measured, live))
}
