//! Reports of deliveries: many at once, repeated until the hub has them.

use api::connector::v1::{DeliveryReport, ReportResult};
use tokio::sync::{mpsc, oneshot};
use types::Clock;

use crate::backoff::Backoff;
use crate::hub::{Hub, is_passing};

/// Reports in one call at most.
const MOST: usize = 500;

type Waiting = (DeliveryReport, oneshot::Sender<bool>);

/// Where reports are handed in. A clone is cheap.
#[derive(Debug, Clone)]
pub struct Reports(mpsc::Sender<Waiting>);

impl Reports {
    /// The desk, and the work that has to be run behind it.
    pub fn new(hub: Hub) -> (Self, Reporter) {
        let (sender, receiver) = mpsc::channel(MOST);
        (Self(sender), Reporter { hub, receiver })
    }

    /// Tells the hub; true when it took the report, false when the delivery is somebody else's by now, or the connector ends.
    pub async fn tell(&self, report: DeliveryReport) -> bool {
        let (answer, answered) = oneshot::channel();
        if self.0.send((report, answer)).await.is_err() {
            return false;
        }
        answered.await.unwrap_or(false)
    }
}

/// Brings reports to the hub.
#[derive(Debug)]
pub struct Reporter {
    hub: Hub,
    receiver: mpsc::Receiver<Waiting>,
}

impl Reporter {
    /// Ends when nobody can report any more. What is not told when the connector is cut short is told by whoever gets the lease.
    pub async fn run(mut self) {
        let mut waiting: Vec<Waiting> = Vec::new();
        while self.receiver.recv_many(&mut waiting, MOST).await > 0 {
            let reports: Vec<_> = waiting.iter().map(|(report, _)| report.clone()).collect();
            let results = self.store(reports).await;
            let results = results.into_iter().map(|it| it.reason.is_empty());
            for ((_, answer), taken) in waiting
                .drain(..)
                .zip(results.chain(std::iter::repeat(false)))
            {
                // Whoever went away does not need the answer.
                let _ = answer.send(taken);
            }
        }
    }

    async fn store(&self, reports: Vec<DeliveryReport>) -> Vec<ReportResult> {
        let mut backoff = Backoff::default();
        loop {
            match self.hub.report(reports.clone()).await {
                Ok(results) => return results,
                Err(error) if is_passing(&error) => {
                    tracing::debug!(%error, "reports were not taken; telling them again");
                    Clock::system().sleep(backoff.wait()).await;
                }
                Err(error) => {
                    tracing::error!(%error, "the hub refuses reports of deliveries");
                    return Vec::new();
                }
            }
        }
    }
}
