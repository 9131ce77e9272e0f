//! A strict connector: it sends what it is given, reports each, and writes both down.

use std::time::Duration;

use api::connector::v1::Delivery;
use api::connector::v1::take_deliveries_response::Event;
use tokio::sync::watch;
use tonic::Status;
use types::Clock;

use super::Scene;
use super::watchers::until;
use crate::calls::is_passing;
use crate::history::Wire;

const PAUSE: Duration = Duration::from_millis(20);

impl Scene {
    /// Takes deliveries until the end, over as many streams as that needs.
    pub(super) async fn take_deliveries(&self, mut ended: watch::Receiver<bool>) {
        let mut quit = ended.clone();
        while !*ended.borrow() {
            if let Some(Err(status)) = until(self.one_stream(&mut quit), &mut ended).await {
                assert!(
                    is_passing(&status),
                    "the stream of deliveries was refused: {status:?}"
                );
                Clock::system().sleep(PAUSE).await;
            }
        }
    }

    async fn one_stream(&self, quit: &mut watch::Receiver<bool>) -> Result<(), Status> {
        let mut stream = self.connector.take().await?;
        while let Some(step) = until(stream.message(), quit).await.transpose()?.flatten() {
            if let Some(Event::Delivery(delivery)) = step.event {
                self.send(delivery).await?;
            }
        }
        Ok(())
    }

    /// "Sends" and reports. A lease outlives the stream and the process that gave it, so a report that got no answer is
    /// made again; a lease that was lost meanwhile is no harm, the delivery comes again.
    async fn send(&self, delivery: Delivery) -> Result<(), Status> {
        let (id, lease) = (delivery.id.clone(), delivery.lease_token);
        self.record.wire(Wire::Given {
            delivery: delivery.id,
            message: delivery.message_id,
            chat: delivery.external_chat_id,
            seq: delivery.seq,
            text: delivery.text,
        });
        self.record.wire(Wire::Reporting {
            delivery: id.clone(),
        });
        self.drop_on_the_way(async || drop(self.connector.report_sent(&id, lease).await))
            .await;
        if self.connector.insist_sent(&id, lease).await? {
            self.record.wire(Wire::Reported { delivery: id });
        }
        Ok(())
    }
}
