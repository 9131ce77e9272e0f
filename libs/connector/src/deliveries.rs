//! Deliveries: each is sent by the channel and reported, however long it takes and whatever happens to the hub meanwhile.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::connector::v1::channel_event::Event;
use api::connector::v1::{
    ChannelEvent, Delivery, DeliveryOutcome, DeliveryReport, ReachableChanged,
};
use kit::lifecycle::Lifecycle;
use types::Clock;

use crate::channel::{Channel, Outcome, Outgoing};
use crate::hub::Hub;
use crate::lines::{Lines, Open};
use crate::reports::Reports;

/// How long a delivery waits whose connection is not open.
const CLOSED_PAUSE: Duration = Duration::from_secs(10);

/// How often the lease of one that takes long is renewed; it lasts 30 s.
const RENEW: Duration = Duration::from_secs(15);

/// The longest text of a failure, in characters.
const LONGEST: usize = 500;

/// The longest pause that the hub takes.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// Sends deliveries.
pub(crate) struct Sender<C: Channel> {
    pub channel: Arc<C>,
    pub hub: Hub,
    pub lines: Lines<C::Line>,
    pub reports: Reports,
    pub life: Lifecycle,
    /// Those that are being sent, by their ids.
    pub underway: Arc<Mutex<HashMap<String, Underway>>>,
}

/// A delivery that is being sent.
pub(crate) struct Underway {
    /// Token of its newest lease.
    lease: Arc<AtomicI64>,
    /// As it was handed out last.
    newest: Delivery,
}

/// Somebody else had the delivery when it was to begin; with the token that was told.
struct Lost(i64);

impl<C: Channel> Sender<C> {
    /// Sends it in a task of its own. One that is being sent already only gets its new lease.
    pub fn begin(self: &Arc<Self>, delivery: Delivery) {
        let lease = Arc::new(AtomicI64::new(delivery.lease_token));
        {
            let mut underway = self.underway.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = underway.get_mut(&delivery.id) {
                known.lease.store(delivery.lease_token, Ordering::Relaxed);
                known.newest = delivery;
                return;
            }
            let known = Underway {
                lease: Arc::clone(&lease),
                newest: delivery.clone(),
            };
            underway.insert(delivery.id.clone(), known);
        }
        let sender = Arc::clone(self);
        self.life.spawn("delivery", async move {
            let mut next = Some(delivery);
            while let Some(delivery) = next {
                let id = delivery.id.clone();
                let delivered = sender.deliver(delivery, &lease).await;
                next = sender.ended(&id, delivered);
            }
        });
    }

    /// It is no longer being sent; unless it was lost and has been handed out to us again meanwhile.
    fn ended(&self, id: &str, delivered: Result<(), Lost>) -> Option<Delivery> {
        let mut underway = self.underway.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Err(Lost(token)), Some(known)) = (delivered, underway.get(id))
            && known.newest.lease_token != token
        {
            return Some(known.newest.clone());
        }
        underway.remove(id);
        None
    }

    async fn deliver(&self, delivery: Delivery, lease: &AtomicI64) -> Result<(), Lost> {
        let (id, token) = (delivery.id.clone(), delivery.lease_token);
        let outcome = if delivery.maybe_sent && !C::KNOWS_REPEATED {
            Outcome::Unknown
        } else {
            match self.lines.opened(&delivery.connection_id).await {
                None => Outcome::Retry(CLOSED_PAUSE),
                Some(_) if !self.announce(&id, token).await => return Err(Lost(token)),
                Some(open) => self.send(&open, delivery, lease).await,
            }
        };
        count(&self.hub, &outcome);
        let report = report(&id, lease.load(Ordering::Relaxed), outcome);
        if !self.reports.tell(report).await {
            tracing::warn!(
                delivery.id = id,
                "the hub did not take the report of a delivery"
            );
        }
        Ok(())
    }

    /// Says that it goes to the channel now.
    async fn announce(&self, id: &str, lease_token: i64) -> bool {
        let report = DeliveryReport {
            delivery_id: id.to_owned(),
            lease_token,
            outcome: DeliveryOutcome::Sending.into(),
            ..DeliveryReport::default()
        };
        self.reports.tell(report).await
    }

    async fn send(&self, open: &Open<C::Line>, delivery: Delivery, lease: &AtomicI64) -> Outcome {
        let (id, chat) = (delivery.id.clone(), delivery.external_chat_id.clone());
        let message = Outgoing {
            hub: self.hub.clone(),
            delivery,
        };
        let renewing = async {
            loop {
                Clock::system().sleep(RENEW).await;
                self.announce(&id, lease.load(Ordering::Relaxed)).await;
            }
        };
        let sent = tokio::select! {
            sent = self.channel.send(&open.line, &message) => sent,
            () = renewing => Outcome::Unknown,
        };
        match &sent {
            Outcome::Halted(trouble) => open.inbound.trouble(trouble),
            Outcome::Unreachable(_) => tell_unreachable(open, &id, chat).await,
            _ => {}
        }
        sent
    }
}

async fn tell_unreachable<L>(open: &Open<L>, delivery: &str, chat: String) {
    let event = ChannelEvent {
        external_event_id: format!("unreachable:{delivery}"),
        external_chat_id: chat,
        event: Some(Event::Reachable(ReachableChanged { reachable: false })),
        ..ChannelEvent::default()
    };
    if let Err(error) = open.inbound.publish(vec![event]).await {
        tracing::warn!(%error, "the hub did not hear that a client cannot be written to");
    }
}

fn report(id: &str, lease_token: i64, outcome: Outcome) -> DeliveryReport {
    let report = DeliveryReport {
        delivery_id: id.to_owned(),
        lease_token,
        ..DeliveryReport::default()
    };
    match outcome {
        Outcome::Sent(external_message_id) => DeliveryReport {
            outcome: DeliveryOutcome::Sent.into(),
            external_message_id,
            ..report
        },
        Outcome::Failed(text) | Outcome::Unreachable(text) => DeliveryReport {
            outcome: DeliveryOutcome::Failed.into(),
            failure_text: text
                .chars()
                .filter(|c| !c.is_control())
                .take(LONGEST)
                .collect(),
            ..report
        },
        Outcome::Retry(pause) => retry(report, pause),
        Outcome::Halted(_) => retry(report, CLOSED_PAUSE),
        Outcome::Unknown => DeliveryReport {
            outcome: DeliveryOutcome::Unknown.into(),
            ..report
        },
    }
}

fn retry(report: DeliveryReport, pause: Duration) -> DeliveryReport {
    let pause = pause.min(LONGEST_PAUSE).as_millis();
    DeliveryReport {
        outcome: DeliveryOutcome::Retry.into(),
        retry_after_ms: i64::try_from(pause).unwrap_or_default(),
        ..report
    }
}

fn count(hub: &Hub, outcome: &Outcome) {
    let outcome = match outcome {
        Outcome::Sent(_) => "sent",
        Outcome::Retry(_) => "retry",
        Outcome::Failed(_) => "failed",
        Outcome::Unreachable(_) => "unreachable",
        Outcome::Unknown => "unknown",
        Outcome::Halted(_) => "halted",
    };
    let key = hub.connector_key().to_owned();
    metrics::counter!("beseda_connector_deliveries_total", "connector" => key, "outcome" => outcome)
        .increment(1);
}
