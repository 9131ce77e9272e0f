//! The one reader behind all live streams.

use std::sync::Arc;

use events::{Batch, Carrier, Positions, Reader, Source};
use kit::lifecycle::Lifecycle;
use types::Clock;

use super::{Live, decode};

/// Starts the reader.
pub fn spawn(
    live: Live,
    carrier: Carrier,
    source: Arc<dyn Source>,
    after: Positions,
    life: &Lifecycle,
) {
    let stopping = life.stopping();
    life.spawn("live follower", async move {
        let mut reader = Reader::new(carrier, source, after);
        loop {
            let batch = tokio::select! { batch = reader.next() => batch, () = stopping.cancelled() => return };
            hand_out(&live, &reader, &batch).await;
        }
    });
}

async fn hand_out(live: &Live, reader: &Reader, batch: &Batch) {
    for shard in &batch.lost {
        tracing::error!(
            shard,
            "live streams lost events that were dropped by age; they are reset"
        );
        live.lose(*shard, reader.positions()[usize::from(*shard)]);
    }
    let now = Clock::system().now();
    let mut decoded = Vec::with_capacity(batch.events.len());
    for event in &batch.events {
        match decode(event) {
            Some(event) => decoded.push(Arc::new(event)),
            None => tracing::error!(
                shard = event.shard,
                position = event.position,
                "an event could not be decoded for live streams"
            ),
        }
    }
    let heard: Vec<_> = decoded
        .iter()
        .filter(|event| live.is_heard(event.account))
        .cloned()
        .collect();
    let told = live.with_cards(heard).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the cards of live events could not be read; each stream asks for itself");
        Vec::new()
    });
    let mut told = told.iter().peekable();
    for event in &decoded {
        live.hand_out(event, told.next_if(|told| told.event.place == event.place));
    }
    for event in &batch.events {
        if let Some(time) = event.create_time.as_ref().and_then(kit::time::from_proto) {
            metrics::histogram!("beseda_event_delivered_age_seconds")
                .record((now - time).as_seconds_f64().max(0.0));
        }
    }
}
