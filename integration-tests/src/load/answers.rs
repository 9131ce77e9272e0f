//! Employees answer, and now and then close.

use api::error::v1::ErrorReason;
use futures::{StreamExt, stream};
use tokio::sync::mpsc;

use super::Scene;
use crate::history::{Answered, Seen};

/// Employees who answer at the same time.
const PARALLEL: usize = 4;

/// A client's message that an employee has seen.
pub struct ToAnswer {
    pub seen: Seen,
    /// "cxn_…".
    pub connection: String,
}

impl Scene {
    /// Deals with what clients wrote until nobody passes anything on any more.
    pub(super) async fn answer(&self, waiting: mpsc::UnboundedReceiver<ToAnswer>) {
        let waiting = stream::unfold(waiting, async |mut waiting| {
            waiting.recv().await.map(|next| (next, waiting))
        });
        waiting
            .for_each_concurrent(PARALLEL, |next| self.deal_with(next))
            .await;
    }

    async fn deal_with(&self, next: ToAnswer) {
        let chance = self.seed.below(10);
        let answer = if chance < 5 {
            self.answer_one(&next).await
        } else {
            None
        };
        if chance == 9 {
            self.close(&next.seen.conversation).await;
        }
        self.record.answered(answer);
    }

    async fn answer_one(&self, next: &ToAnswer) -> Option<Answered> {
        let (text, id) = (format!("re: {}", next.seen.text), self.seed.uuid());
        let conversation = &next.seen.conversation;
        self.drop_on_the_way(async || {
            drop(self.admin.send_once(conversation, &text, Some(id)).await);
        })
        .await;
        let sent = self
            .admin
            .insist(async || self.admin.send_once(conversation, &text, Some(id)).await)
            .await;
        let message = match sent {
            Ok(sent) => sent.message.expect("the stored message"),
            // The one refusal that an honest race explains.
            Err(status)
                if kit::refusal::reason_of(&status) == Some(ErrorReason::ConversationClosed) =>
            {
                return None;
            }
            Err(status) => {
                self.record.refused("an answer", &status);
                return None;
            }
        };
        let to_connector = next.connection == self.connector.connection;
        let visitor = self
            .visitors
            .iter()
            .find(|visitor| next.seen.text.starts_with(visitor.id()));
        Some(Answered {
            message: message.id,
            text: message.text,
            to_connector,
            to_visitor: visitor.map(|visitor| visitor.id().to_owned()),
        })
    }

    async fn close(&self, conversation: &str) {
        self.record.closing(conversation);
        self.drop_on_the_way(async || drop(self.admin.close(conversation).await))
            .await;
        let closed = self
            .admin
            .insist(async || self.admin.close(conversation).await)
            .await;
        if let Err(status) = closed {
            self.record.refused("closing", &status);
        }
    }
}
