//! The first SIGINT or SIGTERM asks to stop, the second one not to wait any longer.

use anyhow::Context;
use kit::lifecycle::Lifecycle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What the signals have asked for so far.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// Cancelled by the first.
    pub stop: CancellationToken,
    /// Cancelled by the second.
    pub cut: CancellationToken,
}

impl Signals {
    /// Begins to listen.
    pub fn listen() -> anyhow::Result<Self> {
        let signals = Self::default();
        let refused = "this process may not handle signals";
        let mut terminate = signal(SignalKind::terminate()).context(refused)?;
        let mut interrupt = signal(SignalKind::interrupt()).context(refused)?;
        let told = signals.clone();
        Lifecycle::new().spawn("signals", async move {
            for token in [told.stop, told.cut] {
                either(&mut terminate, &mut interrupt).await;
                token.cancel();
            }
        });
        Ok(signals)
    }
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
