//! P12: the numbers beside filters, employees and departments: how fast they are read, how fresh they are, and whether they are right.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use api::conversations::v1::counter_service_client::CounterServiceClient;
use api::conversations::v1::watch_counters_response::Event;
use api::conversations::v1::{
    Counters, GetCountersRequest, WatchCountersRequest, WatchCountersResponse,
};
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};
use tonic::Streaming;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;

use super::ingest::{Spread, publish};
use crate::Options;
use crate::load::{self, histogram, micros};
use crate::report::{Goal, Report};
use crate::stand::{EMAIL, Stand, with};

/// How many conversations begin, one after the other, to see when each is counted.
const BEGUN: u64 = 200;

/// Measures it.
pub async fn measure(options: &Options, stand: &Stand, report: &mut Report) -> Result<()> {
    let authorization = stand.authorization(EMAIL).await?;
    let channel = stand.channel("conversations")?;
    let time = Duration::from_secs(options.seconds);
    let (mut p99, mut gain, mut fresh) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..options.runs {
        let counted = by_counting(stand).await?;
        let read = read(&channel, &authorization, time).await?;
        p99.push(read.percentile(99.0));
        gain.push(counted / read.percentile(50.0));
        fresh.push(freshness(stand, &channel, &authorization, run).await?);
    }
    check(stand, &channel, &authorization).await?;
    let goal = |floor, target| Goal {
        id: "P12",
        floor,
        target,
    };
    report.add(
        goal("≤ 10", "≤ 2"),
        "p99 of all numbers of an administrator",
        "ms",
        &p99,
    );
    report.add(
        goal("–", "≥ 100"),
        "counting the rows ÷ reading the numbers",
        "×",
        &gain,
    );
    report.add(
        goal("–", "≤ 300"),
        "acknowledged → counted on a live stream, p99",
        "ms",
        &fresh,
    );
    Ok(())
}

async fn read(
    channel: &Channel,
    authorization: &MetadataValue<Ascii>,
    time: Duration,
) -> Result<load::Measured> {
    let (channel, authorization) = (channel.clone(), authorization.clone());
    load::closed(1, time, move |_, _| {
        let (channel, authorization) = (channel.clone(), authorization.clone());
        async move { counters(&channel, &authorization).await.map(|_| 1) }
    })
    .await
}

async fn counters(channel: &Channel, authorization: &MetadataValue<Ascii>) -> Result<Counters> {
    let request = with(authorization, GetCountersRequest {});
    let reply = CounterServiceClient::new(channel.clone())
        .get_counters(request)
        .await?;
    reply.into_inner().counters.context("no counters")
}

/// How long the same numbers take by reading the rows, in milliseconds.
async fn by_counting(stand: &Stand) -> Result<f64> {
    let mut owner = PgConnection::connect(stand.postgres.admin_url().expose_secret()).await?;
    let begin = Instant::now();
    sqlx::query(
        "SELECT contact_owner, is_group, life, answer, count(*) FROM conversations.conversations
          WHERE account_id = $1 GROUP BY 1, 2, 3, 4",
    )
    .bind(stand.account.uuid())
    .fetch_all(&mut owner)
    .await?;
    Ok(begin.elapsed().as_secs_f64() * 1e3)
}

/// From the acknowledgement of a new conversation to its number, p99 in milliseconds.
async fn freshness(
    stand: &Stand,
    channel: &Channel,
    authorization: &MetadataValue<Ascii>,
    run: usize,
) -> Result<f64> {
    let hub = ConnectorHubServiceClient::new(stand.connector("conversations")?);
    let spread = Spread {
        connections: Arc::new(stand.connections(1).await?),
        chats: 0,
        label: format!("p12-{run}-{}", types::ChatId::generate()),
    };
    let request = with(authorization, WatchCountersRequest {});
    let mut stream = CounterServiceClient::new(channel.clone())
        .watch_counters(request)
        .await?
        .into_inner();
    let mut open = next_open(&mut stream).await?;
    let mut lag = histogram()?;
    for n in 0..BEGUN {
        publish(&hub, vec![spread.event(0, n)]).await?;
        let acknowledged = Instant::now();
        let wanted = open + 1;
        while open < wanted {
            open = next_open(&mut stream).await?;
        }
        lag.record(micros(acknowledged.elapsed()))?;
    }
    Ok(lag.value_at_quantile(0.99) as f64 / 1e3)
}

async fn next_open(stream: &mut Streaming<WatchCountersResponse>) -> Result<i64> {
    loop {
        let step = stream.message().await?.context("the stream ended")?;
        if let Some(Event::Counters(counters)) = step.event {
            return Ok(counters.all.unwrap_or_default().open);
        }
    }
}

/// The numbers are those of the rows.
async fn check(
    stand: &Stand,
    channel: &Channel,
    authorization: &MetadataValue<Ascii>,
) -> Result<()> {
    let mut owner = PgConnection::connect(stand.postgres.admin_url().expose_secret()).await?;
    let (open, closed, waiting): (i64, i64, i64) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE life = 1), count(*) FILTER (WHERE life = 2), count(*) FILTER (WHERE life = 1 AND answer = 1)
           FROM conversations.conversations WHERE account_id = $1",
    )
    .bind(stand.account.uuid())
    .fetch_one(&mut owner)
    .await?;
    let all = counters(channel, authorization)
        .await?
        .all
        .unwrap_or_default();
    ensure!(
        (all.open, all.closed, all.requires_answer) == (open, closed, waiting),
        "the numbers have drifted: {all:?} instead of {open} open, {closed} closed, {waiting} waiting"
    );
    Ok(())
}
