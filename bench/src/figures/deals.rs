//! rules: what becomes of first messages in the CRM of this system (SYN-07): how long until the deal is seen, how long thousands of
//! clients take who write at once, and that each has exactly one contact and deal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use api::connector::v1::{ChannelEvent, PublishRequest};
use api::conversations::v1::watch_inbox_response::Event;
use api::crm::v1::pipeline_service_client::PipelineServiceClient;
use api::crm::v1::{CreatePipelineRequest, Pipeline};
use api::sync::v1::integration_service_client::IntegrationServiceClient;
use api::sync::v1::{CreateIntegrationRequest, DealPlace, Integration, TransferMethod};
use futures::stream::{self, StreamExt, TryStreamExt};
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};
use types::{Clock, ConnectionId};

use super::ingest::{Hub, Spread, publish};
use super::streams::watch;
use crate::Options;
use crate::load::{self, histogram, micros};
use crate::report::{Goal, Report};
use crate::stand::{CONNECTOR, EMAIL, Service, Stand, with};

/// First messages a second while the way of each is measured.
const RATE: f64 = 20.0;
/// How many messages of one client come at the same time.
const REPEATED: u64 = 200;
/// How long nothing may happen before the rules count as stuck.
const PATIENCE: Duration = Duration::from_secs(60);

const GOAL: Goal = Goal {
    id: "rules",
    floor: "–",
    target: "–",
};

/// Measures it on stores of its own: events of other figures would be rules' as well.
pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    eprintln!("starting PostgreSQL, Redis and the services …");
    let stand = Stand::start().await?;
    let outcome = match stand.launch("sync", &[]) {
        Ok(sync) => {
            let outcome = with_rules(options, &stand, &sync, report).await;
            sync.stop();
            outcome
        }
        Err(error) => Err(error),
    };
    stand.stop().await;
    outcome
}

async fn with_rules(
    options: &Options,
    stand: &Stand,
    sync: &Service,
    report: &mut Report,
) -> Result<()> {
    switch_on(stand, sync).await?;
    let floor = Floor {
        hub: ConnectorHubServiceClient::new(stand.connector("conversations")?),
        connections: Arc::new(stand.connections(1).await?),
    };
    // Plans are cached, tables have rows.
    floor
        .all_at_once(stand, "warm", options.clients.min(200))
        .await?;
    stand.analyze().await?;
    until_seen(options, stand, &floor, report).await?;
    let (mut taken, mut drained, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..options.runs {
        let label = format!("rush-{run}");
        let rush = floor.all_at_once(stand, &label, options.clients).await?;
        taken.push(rush.taken.as_secs_f64());
        drained.push(rush.drained.as_secs_f64());
        repeated.push(floor.one_client(stand, &format!("one-{run}")).await?);
    }
    let clients = options.clients;
    report.add(
        GOAL,
        &format!("{clients} first messages at once: all acknowledged"),
        "s",
        &taken,
    );
    report.add(
        GOAL,
        &format!("… until exactly {clients} contacts and deals are there"),
        "s",
        &drained,
    );
    let rate: Vec<f64> = drained.iter().map(|time| clients as f64 / time).collect();
    report.add(GOAL, "… clients a second", "/s", &rate);
    report.add(
        GOAL,
        "200 messages of one client at once: exactly one deal, after",
        "s",
        &repeated,
    );
    Ok(())
}

/// A pipeline, and an integration that makes a contact and a deal of whoever writes.
async fn switch_on(stand: &Stand, sync: &Service) -> Result<()> {
    let authorization = stand.authorization(EMAIL).await?;
    let request = CreatePipelineRequest {
        pipeline: Some(Pipeline {
            name: "Sales".to_owned(),
            ..Pipeline::default()
        }),
        ..CreatePipelineRequest::default()
    };
    let pipeline = PipelineServiceClient::new(stand.channel("crm")?)
        .create_pipeline(with(&authorization, request))
        .await?
        .into_inner()
        .pipeline
        .context("no pipeline")?;
    let request = CreateIntegrationRequest {
        integration: Some(Integration {
            name: "Bench".to_owned(),
            enabled: true,
            exclusive: true,
            channels: vec![CONNECTOR.to_owned()],
            method: TransferMethod::ContactAndDeal.into(),
            default_place: Some(DealPlace {
                pipeline_id: pipeline.id,
                stage_id: String::new(),
            }),
            responsible_employee_id: stand.administrator.to_string(),
            ..Integration::default()
        }),
        ..CreateIntegrationRequest::default()
    };
    IntegrationServiceClient::new(kit::channel(&sync.url)?)
        .create_integration(with(&authorization, request))
        .await?;
    Ok(())
}

/// From the connector's call to the deal on an employee's live stream.
async fn until_seen(
    options: &Options,
    stand: &Stand,
    floor: &Floor,
    report: &mut Report,
) -> Result<()> {
    let (mut median, mut slow) = (Vec::new(), Vec::new());
    for run in 0..options.runs {
        let total = (RATE * options.seconds as f64) as usize;
        let authorization = stand.authorization(EMAIL).await?;
        let mut stream = watch(stand.channel("conversations")?, authorization).await?;
        let watching = load::spawn(async move {
            let mut seen = HashMap::new();
            while seen.len() < total {
                let step = stream.message().await?.context("the stream ended")?;
                if let Some(Event::Change(change)) = step.event {
                    let conversation = change.conversation.unwrap_or_default();
                    if !conversation.card_id.is_empty() {
                        seen.entry(conversation.id).or_insert_with(Instant::now);
                    }
                }
            }
            anyhow::Ok(seen)
        });
        let begun: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
        let (floor, noted) = (floor.clone(), Arc::clone(&begun));
        let spread = floor.spread(&format!("seen-{run}"), 0);
        let time = Duration::from_secs(options.seconds);
        load::open(RATE, time, move |n| {
            let (hub, event, noted) = (floor.hub.clone(), spread.event(0, n), Arc::clone(&noted));
            async move {
                let start = Instant::now();
                let conversation = brought(hub, event).await?;
                let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                noted.insert(conversation, start);
                Ok(())
            }
        })
        .await?;
        let seen = tokio::time::timeout(PATIENCE, watching).await;
        let seen = seen.context("deals are missing")???;
        let mut latency = histogram()?;
        let begun = begun.lock().unwrap_or_else(PoisonError::into_inner);
        for (conversation, at) in seen {
            if let Some(start) = begun.get(&conversation) {
                latency.record(micros(at.saturating_duration_since(*start)))?;
            }
        }
        median.push(latency.value_at_quantile(0.5) as f64 / 1e3);
        slow.push(latency.value_at_quantile(0.99) as f64 / 1e3);
    }
    report.add(
        GOAL,
        "first message → its deal on a live stream, p50",
        "ms",
        &median,
    );
    report.add(
        GOAL,
        "first message → its deal on a live stream, p99",
        "ms",
        &slow,
    );
    Ok(())
}

/// Brings a message; the conversation that it began.
async fn brought(mut hub: Hub, event: ChannelEvent) -> Result<String> {
    let request = PublishRequest {
        connector_key: CONNECTOR.to_owned(),
        events: vec![event],
    };
    let results = hub.publish(request).await?.into_inner().results;
    Ok(results
        .into_iter()
        .next()
        .context("no result")?
        .conversation_id)
}

/// Where clients write.
#[derive(Clone)]
struct Floor {
    hub: Hub,
    connections: Arc<Vec<ConnectionId>>,
}

/// How long those who wrote at once took.
struct Rush {
    taken: Duration,
    drained: Duration,
}

impl Floor {
    fn spread(&self, label: &str, chats: u64) -> Spread {
        Spread {
            connections: Arc::clone(&self.connections),
            chats,
            label: label.to_owned(),
        }
    }

    /// As many clients write their first message at once: each has one contact and one deal, or it is an error.
    async fn all_at_once(&self, stand: &Stand, label: &str, clients: u64) -> Result<Rush> {
        const BATCH: u64 = 100;
        let spread = self.spread(label, 0);
        let before = Counted::read(stand).await?;
        let begin = Instant::now();
        let batches = (0..clients.div_ceil(BATCH)).map(|batch| {
            let last = clients.min((batch + 1) * BATCH);
            let events = (batch * BATCH..last).map(|n| spread.event(0, n)).collect();
            publish(&self.hub, events)
        });
        let batches: Vec<u64> = stream::iter(batches)
            .buffer_unordered(16)
            .try_collect()
            .await?;
        let taken = begin.elapsed();
        ensure!(batches.iter().sum::<u64>() == clients, "messages are lost");
        let after = Counted::settled(stand, before, clients).await?;
        let drained = begin.elapsed();
        let wanted = i64::try_from(clients)?;
        ensure!(
            after.contacts - before.contacts == wanted && after.deals - before.deals == wanted,
            "{clients} clients: {before:?}, then {after:?}"
        );
        Ok(Rush { taken, drained })
    }

    /// A client's first messages come at the same time: one contact and one deal. How many seconds until there is nothing left to do.
    async fn one_client(&self, stand: &Stand, label: &str) -> Result<f64> {
        let before = Counted::read(stand).await?;
        let begin = Instant::now();
        let messages = (0..REPEATED).map(|n| {
            let mut event = self.spread(label, 0).event(0, n);
            event.external_chat_id = label.to_owned();
            publish(&self.hub, vec![event])
        });
        let messages: Vec<u64> = stream::iter(messages)
            .buffer_unordered(32)
            .try_collect()
            .await?;
        ensure!(
            messages.iter().sum::<u64>() == REPEATED,
            "messages are lost"
        );
        let after = Counted::settled(stand, before, 1).await?;
        ensure!(
            after.contacts - before.contacts == 1 && after.deals - before.deals == 1,
            "one client: {before:?}, then {after:?}"
        );
        Ok(begin.elapsed().as_secs_f64())
    }
}

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counted {
    contacts: i64,
    deals: i64,
    /// Clients about whom rules have still something to do.
    open: i64,
    /// Have rules taken in the newest message?
    is_told: bool,
}

impl Counted {
    async fn read(stand: &Stand) -> Result<Self> {
        let mut owner = PgConnection::connect(stand.postgres.admin_url().expose_secret()).await?;
        let (contacts, deals, open, is_told) = sqlx::query_as(
            "SELECT count(*) FILTER (WHERE kind = 1), count(*) FILTER (WHERE kind = 3), (SELECT count(*) FROM sync.clients),
                    (SELECT max(message_time) FROM sync.requests) = (SELECT max(create_time) FROM conversations.messages) IS TRUE
               FROM crm.cards",
        )
        .fetch_one(&mut owner)
        .await?;
        Ok(Self {
            contacts,
            deals,
            open,
            is_told,
        })
    }

    /// What there is once there are so many more deals and nothing is left to do.
    async fn settled(stand: &Stand, before: Self, more: u64) -> Result<Self> {
        let wanted = before.deals + i64::try_from(more)?;
        let (mut last, mut changed) = (before, Instant::now());
        loop {
            let now = Self::read(stand).await?;
            if now.deals >= wanted && now.open == 0 && now.is_told {
                return Ok(now);
            }
            if now != last {
                (last, changed) = (now, Instant::now());
            }
            ensure!(changed.elapsed() < PATIENCE, "rules are stuck: {now:?}");
            Clock::system().sleep(Duration::from_millis(50)).await;
        }
    }
}
