//! P6: what the gateway costs: the same call to a service directly and through the gateway.

use std::time::Duration;

use anyhow::Result;
use api::identity::v1::GetCallerRequest;
use api::identity::v1::session_service_client::SessionServiceClient;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;

use crate::Options;
use crate::load::{self, Measured};
use crate::report::{Goal, Report};
use crate::stand::{EMAIL, Stand};

/// A small call of an employee. The service reads the caller from its database, so the gateway's share looks small.
async fn call(channel: &Channel, authorization: &MetadataValue<Ascii>) -> Result<()> {
    let mut request = Request::new(GetCallerRequest {});
    request
        .metadata_mut()
        .insert("authorization", authorization.clone());
    SessionServiceClient::new(channel.clone())
        .get_caller(request)
        .await?;
    Ok(())
}

async fn saturate(
    url: &str,
    authorization: &MetadataValue<Ascii>,
    time: Duration,
) -> Result<Measured> {
    let channels: Vec<Channel> = (0..8)
        .map(|_| kit::channel(url))
        .collect::<Result<_, _>>()?;
    let authorization = authorization.clone();
    load::closed(128, time, move |client, _| {
        let (channel, authorization) = (
            channels[client % channels.len()].clone(),
            authorization.clone(),
        );
        async move { call(&channel, &authorization).await.map(|()| 1) }
    })
    .await
}

async fn at_rate(
    url: &str,
    authorization: &MetadataValue<Ascii>,
    rate: f64,
    time: Duration,
) -> Result<Measured> {
    let channels: Vec<Channel> = (0..8)
        .map(|_| kit::channel(url))
        .collect::<Result<_, _>>()?;
    let authorization = authorization.clone();
    load::open(rate, time, move |n| {
        let (channel, authorization) = (
            channels[n as usize % channels.len()].clone(),
            authorization.clone(),
        );
        async move { call(&channel, &authorization).await }
    })
    .await
}

/// Measures it.
pub async fn measure(options: &Options, stand: &Stand, report: &mut Report) -> Result<()> {
    let authorization = stand.authorization(EMAIL).await?;
    let (direct, proxied) = (
        &stand.service("identity")?.url,
        &stand.service("gateway")?.url,
    );
    let time = Duration::from_secs(options.seconds);
    saturate(proxied, &authorization, Duration::from_secs(1)).await?;
    let (mut baselines, mut ratios, mut p50, mut p99) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.runs {
        let baseline = saturate(direct, &authorization, time).await?.rate;
        let through = saturate(proxied, &authorization, time).await?.rate;
        let calm = through * 0.3;
        let without = at_rate(direct, &authorization, calm, time).await?;
        let with = at_rate(proxied, &authorization, calm, time).await?;
        baselines.push(baseline);
        ratios.push(through / baseline);
        p50.push((with.percentile(50.0) - without.percentile(50.0)) * 1_000.0);
        p99.push(with.percentile(99.0) - without.percentile(99.0));
    }
    report.add(
        Goal {
            id: "P6",
            floor: "–",
            target: "baseline",
        },
        "GetCaller to the service directly",
        "/s",
        &baselines,
    );
    report.add(
        Goal {
            id: "P6",
            floor: "0.35",
            target: "0.45",
        },
        "GetCaller through the gateway ÷ directly",
        "×",
        &ratios,
    );
    report.add(
        Goal {
            id: "P6",
            floor: "–",
            target: "≤ 150",
        },
        "added p50 at 30 % load",
        "µs",
        &p50,
    );
    report.add(
        Goal {
            id: "P6",
            floor: "–",
            target: "≤ 1",
        },
        "added p99 at 30 % load",
        "ms",
        &p99,
    );
    Ok(())
}
