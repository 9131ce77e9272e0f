//! From "sent" to "delivered": which of a visitor's messages a browser has not been seen to have yet.
//!
//! The replica that takes a delivery is rarely the one that holds the visitor's stream. It notes place and delivery in a
//! Redis hash of the visitor and wakes the streams; a stream that has carried that place reports it. A lost hash costs a
//! status, no message: it stays at "sent" until the visitor reads it.

use std::collections::HashMap;

use redis::aio::ConnectionManager;
use types::VisitorId;

use super::Chat;
use crate::live;

/// How long a delivery waits for its visitor to come back, in seconds: a week.
const KEPT_SECONDS: i64 = 7 * 24 * 60 * 60;

/// A delivery that was reported as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// To whom.
    pub chat: Chat,
    /// Place of the message.
    pub seq: i64,
    /// The delivery's id.
    pub delivery: String,
}

/// The hashes.
#[derive(Clone)]
pub struct Receipts {
    redis: ConnectionManager,
}

impl Receipts {
    /// Kept in `redis`.
    #[must_use]
    pub fn new(redis: ConnectionManager) -> Self {
        Self { redis }
    }

    /// Notes a delivery and wakes the visitor's streams.
    pub async fn note(&self, sent: &Sent) {
        let Sent {
            chat,
            seq,
            delivery,
        } = sent;
        let key = key(chat.visitor);
        let mut pipeline = redis::pipe();
        pipeline.hset(&key, seq, delivery).ignore();
        pipeline.expire(&key, KEPT_SECONDS).ignore();
        pipeline.publish(live::channel(*chat), seq).ignore();
        let done = pipeline.query_async::<()>(&mut self.redis.clone()).await;
        if let Err(error) = done {
            tracing::debug!(%error, "a delivery could not be noted; it stays at sent");
        }
    }

    /// Deliveries up to place `seq`, which the visitor's browser has by now. They are given out once.
    pub async fn take(&self, visitor: VisitorId, seq: i64) -> Vec<String> {
        let (key, mut redis) = (key(visitor), self.redis.clone());
        let all = redis::cmd("HGETALL")
            .arg(&key)
            .query_async(&mut redis)
            .await;
        let all: HashMap<i64, String> = all.unwrap_or_default();
        let (seqs, deliveries): (Vec<i64>, Vec<String>) =
            all.into_iter().filter(|(place, _)| *place <= seq).unzip();
        if !seqs.is_empty() {
            // Not removed means reported again, which changes nothing.
            let _ = redis::cmd("HDEL")
                .arg(&key)
                .arg(seqs)
                .query_async::<()>(&mut redis)
                .await;
        }
        deliveries
    }
}

fn key(visitor: VisitorId) -> String {
    format!("oc:sent:{visitor}")
}
