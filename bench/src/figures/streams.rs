//! P16: what an idle live stream weighs in the service.

use std::time::Duration;

use anyhow::Result;
use api::conversations::v1::inbox_service_client::InboxServiceClient;
use api::conversations::v1::{WatchInboxRequest, WatchInboxResponse};
use futures::stream::{self, StreamExt, TryStreamExt};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Request, Streaming};

use crate::Options;
use crate::report::{Goal, Report};
use crate::stand::{EMAIL, Stand};

/// How many streams share a connection when they are multiplexed.
const SHARED: usize = 100;

/// A live stream that stands.
pub async fn watch(
    channel: Channel,
    authorization: MetadataValue<Ascii>,
) -> Result<Streaming<WatchInboxResponse>> {
    let mut request = Request::new(WatchInboxRequest::default());
    request
        .metadata_mut()
        .insert("authorization", authorization);
    let mut stream = InboxServiceClient::new(channel)
        .watch_inbox(request)
        .await?
        .into_inner();
    // The first message says that the stream stands.
    stream.message().await?;
    Ok(stream)
}

/// Opens `count` streams over connections that `per_connection` of them share; returns bytes and microseconds of CPU a second, each per stream.
async fn weigh(
    stand: &Stand,
    authorization: &MetadataValue<Ascii>,
    count: usize,
    per_connection: usize,
) -> Result<(f64, f64)> {
    let service = stand.service("conversations")?;
    let before = service.memory()?;
    let channels: Vec<Channel> = (0..count.div_ceil(per_connection))
        .map(|_| kit::channel(&service.url))
        .collect::<Result<_, _>>()?;
    let streams: Vec<_> = stream::iter(0..count)
        .map(|n| watch(channels[n / per_connection].clone(), authorization.clone()))
        .buffer_unordered(64)
        .try_collect()
        .await?;
    let idle = Duration::from_secs(5);
    let cpu = service.cpu()?;
    tokio_sleep(idle).await;
    let used = (service.cpu()? - cpu).as_secs_f64() * 1e6 / idle.as_secs_f64() / count as f64;
    // What opening them took for a moment has been given back by now.
    let bytes = service.memory()?.saturating_sub(before) as f64 / count as f64;
    drop(streams);
    Ok((bytes, used))
}

async fn tokio_sleep(time: Duration) {
    types::Clock::system().sleep(time).await;
}

/// Measures it.
pub async fn measure(options: &Options, stand: &Stand, report: &mut Report) -> Result<()> {
    // One descriptor for each connection, on both ends.
    let wanted = options.streams as u64 * 2 + 1_000;
    let (_, most) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)?;
    nix::sys::resource::setrlimit(
        nix::sys::resource::Resource::RLIMIT_NOFILE,
        wanted.min(most),
        most,
    )?;
    let authorization = stand.authorization(EMAIL).await?;
    // What the service allocates once, whatever the number of streams, is not to be counted.
    weigh(stand, &authorization, 200, SHARED).await?;
    let (alone, cpu) = weigh(stand, &authorization, options.streams, 1).await?;
    report.add(
        Goal {
            id: "P16",
            floor: "≤ 27",
            target: "≤ 15",
        },
        "idle stream on a connection of its own",
        "KB",
        &[alone / 1e3],
    );
    report.add(
        Goal {
            id: "P16",
            floor: "–",
            target: "≤ 2",
        },
        "CPU of an idle stream on a connection of its own",
        "µs/s",
        &[cpu],
    );
    let (shared, _) = weigh(stand, &authorization, options.streams, SHARED).await?;
    report.add(
        Goal {
            id: "P16",
            floor: "–",
            target: "≤ 5",
        },
        "idle stream, 100 on a connection",
        "KB",
        &[shared / 1e3],
    );
    Ok(())
}
