//! Clients write.

use std::time::Duration;

use api::connector::v1::{ChannelEvent, PublishOutcome, PublishResult};
use futures::future::join_all;
use futures::{StreamExt, stream};
use tonic::Status;

use super::Scene;
use crate::actors::{Visitor, written};
use crate::history::Seen;

/// A dropped call lives at most so long.
const SHORTEST_LIFE: Duration = Duration::from_millis(20);
/// Calls with which the connector brings its messages at once.
const PARALLEL: usize = 8;

impl Scene {
    pub(super) async fn write_chats(&self) {
        join_all((0..self.plan.chats).map(|chat| self.write_chat(format!("chat-{chat}")))).await;
    }

    /// One submitter, who waits for each answer; two messages may come in one batch, and a channel may bring again what
    /// was answered long ago.
    async fn write_chat(&self, chat: String) {
        let seed = self.seed.branch();
        let mut number = 0;
        while number < self.plan.messages {
            let count = if seed.one_in(4) { 2 } else { 1 }.min(self.plan.messages - number);
            let events: Vec<ChannelEvent> = (number..number + count)
                .map(|number| self.submit(&chat, number, true))
                .collect();
            self.drop_on_the_way(async || drop(self.connector.publish(events.clone()).await))
                .await;
            self.publish(&events).await;
            if seed.one_in(8) {
                self.publish(&events).await;
            }
            number += count;
        }
    }

    pub(super) async fn write_visitors(&self) {
        join_all(
            self.visitors
                .iter()
                .map(|visitor| self.write_visitor(visitor)),
        )
        .await;
    }

    async fn write_visitor(&self, visitor: &Visitor) {
        let seed = self.seed.branch();
        for number in 0..self.plan.visitor_messages {
            let (id, text) = (seed.uuid(), text(visitor.id(), number));
            self.record.submitting(visitor.id(), &text, true);
            self.drop_on_the_way(async || drop(visitor.send(id, "", &text).await))
                .await;
            let message = match visitor.insist(id, &text).await {
                Ok(answer) => answer.message.expect("the stored message"),
                Err(status) => {
                    self.record.refused("a visitor's message", &status);
                    continue;
                }
            };
            self.record.acked(Seen {
                text: message.text,
                message: message.id,
                conversation: String::new(),
                seq: message.seq,
                from_client: true,
            });
        }
    }

    /// Every message one to `most` times, in any order, in batches of any size.
    pub(super) async fn bring_again_and_again(&self, most: usize) {
        let mut events = Vec::new();
        for number in 0..self.plan.messages {
            for chat in 0..self.plan.chats {
                let event = self.submit(&format!("chat-{chat}"), number, false);
                events.extend(vec![event; 1 + self.seed.below(most)]);
            }
        }
        self.seed.shuffle(&mut events);
        let mut batches = Vec::new();
        while !events.is_empty() {
            let size = 1 + self.seed.below(12);
            batches.push(events.split_off(events.len().saturating_sub(size)));
        }
        stream::iter(&batches)
            .for_each_concurrent(PARALLEL, |batch| self.publish(batch))
            .await;
    }

    /// An event that is about to be brought.
    fn submit(&self, chat: &str, number: usize, waited: bool) -> ChannelEvent {
        let text = text(chat, number);
        self.record.submitting(chat, &text, waited);
        self.connector
            .event(chat, &format!("event-{text}"), written(&text))
    }

    /// Brings events until they are answered, and writes the answers down.
    async fn publish(&self, events: &[ChannelEvent]) {
        let results = match self.connector.insist(events).await {
            Ok(results) => results,
            Err(status) => return self.record.refused("a batch", &status),
        };
        assert_eq!(results.len(), events.len(), "an answer for each event");
        for (event, result) in events.iter().zip(results) {
            match result.outcome() {
                PublishOutcome::Accepted | PublishOutcome::Duplicate => {
                    self.record.acked(acked(event, &result));
                }
                PublishOutcome::Refused | PublishOutcome::Unspecified => {
                    self.record
                        .refused("an event", &Status::invalid_argument(result.reason_text));
                }
            }
        }
    }

    /// Calls that nobody waits for: each is dropped at some moment, before, while or after it is worked on.
    pub(super) async fn drop_on_the_way(&self, call: impl AsyncFn()) {
        for _ in 0..self.plan.cancelled {
            let life =
                Duration::from_micros(self.seed.below(SHORTEST_LIFE.as_micros() as usize) as u64);
            // Whether it came through is not known, and must not matter.
            let _ = tokio::time::timeout(life, call()).await;
        }
    }
}

fn text(who: &str, number: usize) -> String {
    format!("{who} #{number}")
}

fn acked(event: &ChannelEvent, result: &PublishResult) -> Seen {
    let text = event
        .external_event_id
        .strip_prefix("event-")
        .expect("an event of ours");
    Seen {
        text: text.to_owned(),
        message: result.message_id.clone(),
        conversation: result.conversation_id.clone(),
        seq: result.seq,
        from_client: true,
    }
}
