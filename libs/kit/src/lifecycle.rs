//! Start, drain, stop.
//!
//! Every background task is spawned here, so that nothing runs on unseen. Stopping has two steps: *stopping* tells tasks
//! to finish what they have and take nothing new; after the grace period, or at a second signal, they are dropped.
//! A task that panics stops the whole service: a replica that has lost a part of itself is replaced, not kept half alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The life of a service: cheap to clone, one per process (or per service in `beseda up`).
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    stopping: CancellationToken,
    dropped: CancellationToken,
    tasks: TaskTracker,
    failed: Arc<AtomicBool>,
}

impl Lifecycle {
    /// A life that ends only by [`Lifecycle::stop`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A life that SIGTERM and SIGINT end; a second signal cuts the grace period short.
    ///
    /// # Errors
    /// When the process may not handle signals.
    pub fn with_signals() -> std::io::Result<Self> {
        let life = Self::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (stopping, dropped) = (life.stopping.clone(), life.dropped.clone());
        life.tasks.spawn(async move {
            for token in [stopping, dropped.clone()] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    () = dropped.cancelled() => return,
                }
                token.cancel();
            }
        });
        Ok(life)
    }

    /// A part of this life: it stops with it, or alone.
    #[must_use]
    pub fn part(&self) -> Self {
        Self {
            stopping: self.stopping.child_token(),
            dropped: self.dropped.child_token(),
            tasks: TaskTracker::new(),
            failed: Arc::clone(&self.failed),
        }
    }

    /// Runs a task until it ends, or until it is dropped after the grace period.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let life = self.clone();
        self.tasks.spawn(async move {
            let watched = std::panic::AssertUnwindSafe(task).catch_unwind();
            tokio::select! {
                ended = watched => if ended.is_err() {
                    tracing::error!(task = name, "a background task panicked; the service stops");
                    life.failed.store(true, Ordering::Relaxed);
                    life.stop();
                },
                () = life.dropped.cancelled() => tracing::warn!(task = name, "a background task did not end in time"),
            }
        });
    }

    /// Cancelled when the service begins to stop.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Begins to stop.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Waits until the service begins to stop.
    pub async fn stopped(&self) {
        self.stopping.cancelled().await;
    }

    /// Did a task panic?
    #[must_use]
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Stops, waits up to `grace` for the tasks to end, then drops what is left.
    pub async fn drain(&self, grace: Duration) {
        self.stop();
        self.tasks.close();
        let clock = types::Clock::system();
        tokio::select! {
            () = self.tasks.wait() => return,
            () = clock.sleep(grace) => {}
            () = self.dropped.cancelled() => {}
        }
        self.dropped.cancel();
        self.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn draining_waits_for_tasks_that_finish() {
        let life = Lifecycle::new();
        let (done, finished) = tokio::sync::oneshot::channel();
        let stopping = life.stopping();
        life.spawn("worker", async move {
            stopping.cancelled().await;
            let _ = done.send(());
        });
        life.drain(Duration::from_secs(60)).await;
        assert!(finished.await.is_ok());
    }

    #[tokio::test]
    async fn draining_drops_tasks_that_never_end() {
        let life = Lifecycle::new();
        life.spawn("stuck", std::future::pending());
        life.drain(Duration::ZERO).await;
    }

    #[tokio::test]
    async fn a_panic_stops_the_service() {
        let life = Lifecycle::new();
        life.spawn("broken", async { panic!("on purpose") });
        life.stopped().await;
        assert!(life.failed());
    }
}
