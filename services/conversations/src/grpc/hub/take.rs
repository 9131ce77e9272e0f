//! TakeDeliveries: a task per stream hands out what is due, as much as the connector may have at once.
//!
//! It looks when somebody says that there is something (after a commit here, by Redis from other replicas, after a report
//! that frees a place) and once a second in any case: for what may be tried again, for expired leases, and for hints that
//! were lost; twenty times a second while something waits for its connection's rate. A lease that the stream could not pass on is given
//! back at once.

use std::sync::Arc;
use std::time::Duration;

use api::connector::v1::take_deliveries_response::Event;
use api::connector::v1::{
    Delivery, Heartbeat, TakeDeliveriesRequest, TakeDeliveriesResponse, TemplateToSend,
};
use api::conversations::v1::TemplateParameter;
use auth::Caller;
use kit::Refusal;
use kit::time::to_proto;
use pg::Error;
use time::OffsetDateTime;
use tokio::sync::{Notify, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status};
use types::Clock;

use super::{Answers, HEARTBEAT, Hub, jittered, rows_of, still_valid};
use crate::domain::delivery::LEASE;
use crate::domain::template::Filled;
use crate::store::deliveries::{self, Leased, Taken, Taker};
use crate::wire;

/// The net under the hints.
const POLL: Duration = Duration::from_secs(1);

/// How soon to look again while something waits for its connection's rate.
const LIMITED_POLL: Duration = Duration::from_millis(50);

/// What waits here for the connector's connection is under a lease already: as little as possible.
const UNREAD: usize = 1;

/// What `max_in_flight` 0 means, and what it may be at most.
const USUAL_IN_FLIGHT: i64 = 100;
const MOST_IN_FLIGHT: i64 = 1_000;

type Answer = Result<TakeDeliveriesResponse, Status>;

pub(super) fn take(
    hub: &Hub,
    request: Request<TakeDeliveriesRequest>,
) -> Result<Answers<TakeDeliveriesResponse>, Refusal> {
    let caller = Caller::of(&request)?;
    let TakeDeliveriesRequest {
        connector_key,
        max_in_flight,
    } = request.into_inner();
    let connector = caller.connector(&connector_key)?;
    let max_in_flight = match i64::from(max_in_flight) {
        0 => USUAL_IN_FLIGHT,
        given @ 1..=MOST_IN_FLIGHT => given,
        _ => {
            return Err(Refusal::field(
                "max_in_flight",
                format!("must be 0 to {MOST_IN_FLIGHT}"),
            ));
        }
    };
    let (answers, answered) = mpsc::channel(UNREAD);
    let queued = hub.after.deliveries(&connector_key);
    let taker = Taker {
        connector,
        stream: types::new_uuid(),
        max_in_flight,
    };
    let stream = Stream {
        hub: hub.clone(),
        caller,
        taker,
        answers,
    };
    let language = kit::language::current();
    hub.life.spawn(
        "delivery stream",
        kit::language::with(language, stream.run(queued)),
    );
    Ok(Box::pin(ReceiverStream::new(answered)))
}

struct Stream {
    hub: Hub,
    caller: Caller,
    taker: Taker,
    answers: mpsc::Sender<Answer>,
}

/// How handing out went.
enum Handed {
    /// Something was handed out; there may be more.
    Some,
    /// There is nothing for now.
    Nothing,
    /// The connector has gone, or the service stops.
    Over,
}

impl Stream {
    async fn run(self, queued: Arc<Notify>) {
        if let Some(refusal) = self.serve(&queued).await {
            let _ = self.answers.send(Err(refusal.into())).await;
        }
    }

    /// Ends with what to tell the connector, if it is still there. Only waiting is cut short: between taking leases and
    /// passing them on nothing may be dropped.
    async fn serve(&self, queued: &Notify) -> Option<Refusal> {
        let (stopping, system) = (self.hub.life.stopping(), Clock::system());
        let mut heartbeat = Box::pin(self.hub.clock.sleep(HEARTBEAT));
        let mut limited_until = None;
        loop {
            // Listening begins before looking, so that nothing can come in between unheard.
            let mut woken = Box::pin(queued.notified());
            woken.as_mut().enable();
            if let Err(refusal) = still_valid(&self.caller, &self.hub.clock) {
                return Some(refusal);
            }
            match self.hand_out(&mut limited_until).await {
                Handed::Some => continue,
                Handed::Nothing => {}
                Handed::Over => return stopping.is_cancelled().then(Refusal::shutting_down),
            }
            let is_limited = limited_until >= Some(self.hub.clock.now());
            let pause = if is_limited { LIMITED_POLL } else { POLL };
            tokio::select! {
                () = woken => {}
                () = system.sleep(jittered(pause)) => {}
                () = self.answers.closed() => return None,
                () = stopping.cancelled() => return Some(Refusal::shutting_down()),
                () = &mut heartbeat => {
                    heartbeat = Box::pin(self.hub.clock.sleep(HEARTBEAT));
                    // Whoever does not read needs no sign of life.
                    let _ = self.answers.try_send(Ok(answer(Event::Heartbeat(Heartbeat {}))));
                }
            }
        }
    }

    /// Leases what is due and passes it on. `limited_until` is moved on when something waits for its connection's rate.
    async fn hand_out(&self, limited_until: &mut Option<OffsetDateTime>) -> Handed {
        let leased = match self.lease().await {
            Ok(taken) => {
                *limited_until = (*limited_until).max(taken.limited_until);
                taken.leased
            }
            Err(error) => {
                tracing::debug!(%error, "deliveries could not be taken; the next look tries again");
                return Handed::Nothing;
            }
        };
        if leased.is_empty() {
            return Handed::Nothing;
        }
        metrics::counter!("beseda_deliveries_leased_total").increment(leased.len() as u64);
        let stopping = self.hub.life.stopping();
        let mut waiting = leased.into_iter();
        while !waiting.as_slice().is_empty() {
            let free = tokio::select! { free = self.answers.reserve() => free.ok(), () = stopping.cancelled() => None };
            let Some(free) = free else {
                self.give_back(waiting.collect()).await;
                return Handed::Over;
            };
            if let Some(delivery) = waiting.next() {
                free.send(Ok(answer(Event::Delivery(to_proto_delivery(delivery)))));
            }
        }
        Handed::Some
    }

    async fn lease(&self) -> Result<Taken, Error> {
        let (taker, now) = (self.taker.clone(), self.hub.clock.now());
        let rows = rows_of(&taker.connector, "take deliveries");
        let taken = self.hub.db.tx(rows, move |tx| {
            Box::pin(async move { deliveries::take(tx, &taker, now, now + LEASE).await })
        });
        taken.await
    }

    /// Somebody else may have at once what this stream cannot pass on.
    async fn give_back(&self, leased: Vec<Leased>) {
        let now = self.hub.clock.now();
        let rows = rows_of(&self.taker.connector, "give deliveries back");
        let given_back = self.hub.db.tx(rows, move |tx| {
            Box::pin(async move { deliveries::give_back(tx, &leased, now).await })
        });
        if let Err(error) = given_back.await {
            tracing::debug!(%error, "deliveries could not be given back; they come again when their leases are over");
        }
        self.hub.after.queued(self.taker.connector.key());
    }
}

fn answer(event: Event) -> TakeDeliveriesResponse {
    TakeDeliveriesResponse { event: Some(event) }
}

fn to_proto_delivery(delivery: Leased) -> Delivery {
    Delivery {
        id: delivery.id.to_string(),
        connection_id: delivery.connection.to_string(),
        external_chat_id: delivery.external_chat_id,
        external_thread_id: delivery.thread,
        lease_token: delivery.lease_token,
        lease_expire_time: Some(to_proto(delivery.lease_end)),
        attempt: delivery.attempt,
        message_id: delivery.message.to_string(),
        seq: delivery.seq,
        text: delivery.text,
        author_name: delivery.author_name,
        maybe_sent: delivery.maybe_sent,
        template: delivery.template.map(template),
        attachments: delivery.files.iter().map(wire::attachment).collect(),
    }
}

fn template(filled: Filled) -> TemplateToSend {
    let parameters = filled.parameters.into_iter().map(|it| TemplateParameter {
        name: it.name,
        value: it.value,
    });
    TemplateToSend {
        key: filled.key,
        language: filled.language,
        name: filled.name,
        parameters: parameters.collect(),
    }
}
