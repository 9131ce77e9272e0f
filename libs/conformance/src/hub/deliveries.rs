//! What the connector is to send.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use api::connector::v1::{Delivery, DeliveryOutcome, DeliveryReport};
use api::conversations::v1::Attachment;
use types::{Clock, DeliveryId, MessageId};

use super::book::Book;

/// How long a lease lasts.
const LEASE: Duration = Duration::from_secs(30);

/// The longest pause that a connector may ask for, in milliseconds.
const LONGEST_PAUSE: i64 = 24 * 60 * 60 * 1_000;

/// A message to send and what became of it.
#[derive(Debug, Clone)]
pub struct Held {
    /// As it is handed out.
    pub delivery: Delivery,
    /// It is with the connector, so long.
    pub leased_until: Option<Instant>,
    /// The connector said that it goes to the channel now.
    pub sending: bool,
    /// Not before.
    pub not_before: Instant,
    /// How it ended.
    pub ended: Option<DeliveryReport>,
    /// All reports that were taken.
    pub reports: Vec<DeliveryReport>,
}

impl Book {
    /// An employee writes; the id of the delivery.
    pub fn queue(&mut self, chat: &str, text: &str, attachments: Vec<Attachment>) -> String {
        let id = DeliveryId::generate().to_string();
        let mut delivery = Delivery {
            id: id.clone(),
            connection_id: self.connection.id.clone(),
            external_chat_id: chat.to_owned(),
            message_id: MessageId::generate().to_string(),
            text: text.to_owned(),
            author_name: "Maria".to_owned(),
            attachments,
            ..Delivery::default()
        };
        if self.connection.enabled {
            self.show(&mut delivery);
        }
        self.places.insert(id.clone(), self.deliveries.len());
        self.deliveries.push(Held {
            delivery,
            leased_until: None,
            sending: false,
            not_before: Instant::now(),
            ended: None,
            reports: Vec::new(),
        });
        id
    }

    /// Nobody writes to a line that is off: what was queued meanwhile stands in the history once the line is on.
    pub(super) fn show_what_waited(&mut self) {
        for place in 0..self.deliveries.len() {
            if self.deliveries[place].delivery.seq == 0 {
                let mut delivery = self.deliveries[place].delivery.clone();
                self.show(&mut delivery);
                self.deliveries[place].delivery = delivery;
            }
        }
    }

    /// Forgets what was not sent.
    pub fn drop_unsent(&mut self) {
        self.deliveries.retain(|it| it.ended.is_some());
        let ids = self.deliveries.iter().map(|it| it.delivery.id.clone());
        self.places = ids.zip(0..).collect();
    }

    /// A delivery.
    pub fn held(&self, id: &str) -> Option<&Held> {
        self.places.get(id).map(|place| &self.deliveries[*place])
    }

    /// The hub hands it out again, as if what was told after SENDING had never come.
    pub fn hand_out_again(&mut self, id: &str) {
        if let Some(held) = self.deliveries.iter_mut().find(|it| it.delivery.id == id) {
            held.leased_until = None;
            held.sending = true;
            held.ended = None;
            held.not_before = Instant::now();
        }
    }

    /// All leases are over.
    pub fn end_leases(&mut self) {
        for held in &mut self.deliveries {
            held.leased_until = None;
        }
    }

    /// Leases what is due, the first of each chat.
    pub fn lease(&mut self, most: usize) -> Vec<Delivery> {
        let now = Instant::now();
        let is_out = |it: &Held| it.ended.is_none() && it.leased_until.is_some_and(|end| end > now);
        let mut free = most.saturating_sub(self.deliveries.iter().filter(|it| is_out(it)).count());
        let mut busy: HashSet<String> = HashSet::new();
        let mut leased = Vec::new();
        for held in &mut self.deliveries {
            if held.ended.is_some() || !busy.insert(held.delivery.external_chat_id.clone()) {
                continue;
            }
            if is_out(held) || held.not_before > now || free == 0 {
                continue;
            }
            free -= 1;
            held.leased_until = Some(now + LEASE);
            held.delivery.lease_token += 1;
            held.delivery.attempt += 1;
            held.delivery.maybe_sent = held.sending;
            let end = Clock::system().now() + LEASE;
            held.delivery.lease_expire_time = Some(kit::time::to_proto(end));
            leased.push(held.delivery.clone());
        }
        leased
    }

    /// Takes a report in; the reason when it is refused.
    pub fn report(&mut self, report: &DeliveryReport) -> &'static str {
        if let Some(what) = misfit(report) {
            self.offence(format!("a report with {what}"));
            return "FIELD_INVALID";
        }
        let id = &report.delivery_id;
        let Some(place) = self.places.get(id).copied() else {
            self.offence(format!("a report about {id:?}, which was never handed out"));
            return "DELIVERY_NOT_FOUND";
        };
        let outcome = report.outcome();
        if outcome == DeliveryOutcome::Sending && self.faults.fenced.remove(id) {
            self.deliveries[place].leased_until = None;
            return "DELIVERY_NOT_FOUND";
        }
        let held = &mut self.deliveries[place];
        let is_receipt = matches!(outcome, DeliveryOutcome::Delivered | DeliveryOutcome::Read);
        let is_current = report.lease_token == held.delivery.lease_token
            || (report.lease_token == 0 && is_receipt);
        if held.delivery.lease_token == 0 || !is_current {
            return "DELIVERY_NOT_FOUND";
        }
        let unannounced = outcome == DeliveryOutcome::Sent && !held.sending;
        let is_news = outcome == DeliveryOutcome::Sent && held.ended.is_none();
        held.take(report);
        self.sent += usize::from(is_news);
        if unannounced {
            self.offence(
                "SENT without SENDING before it: a connector that is killed in between sends twice",
            );
        }
        ""
    }
}

impl Held {
    fn take(&mut self, report: &DeliveryReport) {
        self.reports.push(report.clone());
        match report.outcome() {
            DeliveryOutcome::Sending if self.ended.is_none() => {
                self.sending = true;
                self.leased_until = Some(Instant::now() + LEASE);
            }
            DeliveryOutcome::Retry if self.ended.is_none() => {
                self.sending = false;
                self.leased_until = None;
                let pause = Duration::from_millis(report.retry_after_ms.unsigned_abs());
                self.not_before = Instant::now() + pause.max(Duration::from_millis(100));
            }
            DeliveryOutcome::Sending | DeliveryOutcome::Retry | DeliveryOutcome::Unspecified => {}
            DeliveryOutcome::Sent
            | DeliveryOutcome::Delivered
            | DeliveryOutcome::Read
            | DeliveryOutcome::Failed
            | DeliveryOutcome::Unknown => {
                self.leased_until = None;
                // News only move forward; what ended it first is what counts here.
                self.ended.get_or_insert_with(|| report.clone());
            }
        }
    }
}

fn misfit(report: &DeliveryReport) -> Option<&'static str> {
    match report.outcome() {
        DeliveryOutcome::Unspecified => Some("no outcome"),
        _ if report.external_message_id.len() > 200 => {
            Some("an external_message_id of more than 200 bytes")
        }
        _ if report.failure_text.chars().count() > 500 => {
            Some("a failure_text of more than 500 characters")
        }
        _ if !(0..=LONGEST_PAUSE).contains(&report.retry_after_ms) => {
            Some("a retry_after_ms of more than a day")
        }
        _ => None,
    }
}
