//! Hints of other replicas that there is something to deliver: one subscription for the whole process. While Redis is away
//! the streams' own poll finds what the hints would have told.

use std::time::Duration;

use futures::StreamExt;
use kit::lifecycle::Lifecycle;
use redis::Client;
use types::Clock;

use crate::after_commit::{AfterCommit, DELIVERIES_CHANNELS};

/// How long to wait before subscribing again.
const PAUSE: Duration = Duration::from_secs(1);

/// Starts to listen.
///
/// # Errors
/// When the URL is malformed.
pub fn listen(redis_url: &str, after: AfterCommit, life: &Lifecycle) -> redis::RedisResult<()> {
    let client = kit::redis::client(redis_url)?;
    let stopping = life.stopping();
    life.spawn("delivery hints", async move {
        tokio::select! { () = keep(client, after) => {}, () = stopping.cancelled() => {} }
    });
    Ok(())
}

async fn keep(client: Client, after: AfterCommit) {
    loop {
        if let Err(error) = hear(&client, &after).await {
            tracing::debug!(%error, "hints of deliveries cannot be heard; streams poll");
        }
        Clock::system().sleep(PAUSE).await;
    }
}

/// Passes hints on until the subscription breaks.
async fn hear(client: &Client, after: &AfterCommit) -> redis::RedisResult<()> {
    let mut subscription = client.get_async_pubsub().await?;
    subscription
        .psubscribe(format!("{DELIVERIES_CHANNELS}*"))
        .await?;
    let mut hints = subscription.on_message();
    while let Some(hint) = hints.next().await {
        if let Some(connector_key) = hint.get_channel_name().strip_prefix(DELIVERIES_CHANNELS) {
            after.queued_elsewhere(connector_key);
        }
    }
    Ok(())
}
