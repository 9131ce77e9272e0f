//! Load: closed loops, open loops, and what they measure.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::try_join_all;
use hdrhistogram::Histogram;

/// What a load measured.
#[derive(Debug)]
pub struct Measured {
    /// Operations a second.
    pub rate: f64,
    /// Duration of each, in microseconds.
    pub latency: Histogram<u64>,
}

impl Measured {
    /// A percentile in milliseconds.
    pub fn percentile(&self, percentile: f64) -> f64 {
        self.latency.value_at_quantile(percentile / 100.0) as f64 / 1_000.0
    }
}

/// An empty histogram of microseconds, up to a minute.
pub fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_max(60_000_000, 3)?)
}

/// `clients` that each do `operation(client, n)` again as soon as it is done, for `time`. An operation says how many it counts for.
pub async fn closed<F>(
    clients: usize,
    time: Duration,
    operation: impl Fn(usize, u64) -> F + Send + Sync + 'static,
) -> Result<Measured>
where
    F: Future<Output = Result<u64>> + Send,
{
    let operation = Arc::new(operation);
    let begin = Instant::now();
    let end = begin + time;
    let loops = (0..clients).map(|client| {
        let operation = Arc::clone(&operation);
        spawn(async move {
            let (mut latency, mut count) = (histogram()?, 0);
            for n in 0.. {
                let start = Instant::now();
                if start >= end {
                    break;
                }
                count += operation(client, n).await?;
                latency.record(micros(start.elapsed()))?;
            }
            anyhow::Ok((count, latency))
        })
    });
    let mut latency = histogram()?;
    let mut count = 0;
    for (part, part_latency) in try_join_all(loops)
        .await?
        .into_iter()
        .collect::<Result<Vec<_>>>()?
    {
        count += part;
        latency.add(part_latency)?;
    }
    Ok(Measured {
        rate: count as f64 / begin.elapsed().as_secs_f64(),
        latency,
    })
}

/// `rate` operations a second, begun in time whether or not earlier ones are done, for `time`. They begin on ticks of a
/// millisecond; latency counts from the tick on which an operation should have begun, however late the load itself was.
pub async fn open<F>(
    rate: f64,
    time: Duration,
    operation: impl Fn(u64) -> F + Send + Sync + 'static,
) -> Result<Measured>
where
    F: Future<Output = Result<()>> + Send,
{
    let operation = Arc::new(operation);
    let begin = Instant::now();
    let total = (rate * time.as_secs_f64()) as u64;
    let done = Arc::new(AtomicU64::new(0));
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    let mut running = Vec::new();
    let mut begun = 0;
    while begun < total {
        let start = ticks.tick().await.into_std();
        let since = start.saturating_duration_since(begin).as_secs_f64();
        let due = ((since * rate) as u64).min(total);
        for n in begun..due {
            let (operation, done) = (Arc::clone(&operation), Arc::clone(&done));
            running.push(spawn(async move {
                operation(n).await?;
                done.fetch_add(1, Ordering::Relaxed);
                anyhow::Ok(micros(start.elapsed()))
            }));
        }
        begun = due;
    }
    let mut latency = histogram()?;
    for taken in try_join_all(running).await? {
        latency.record(taken?)?;
    }
    Ok(Measured {
        rate: done.load(Ordering::Relaxed) as f64 / begin.elapsed().as_secs_f64(),
        latency,
    })
}

/// A task of the load.
#[expect(
    clippy::disallowed_methods,
    reason = "the load ends with the measurement and has no service around it"
)]
pub fn spawn<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(task)
}

/// Whole microseconds.
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros())
        .unwrap_or(u64::MAX)
        .min(60_000_000)
}
