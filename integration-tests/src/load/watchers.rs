//! Those who look on: two employees and every visitor.

use std::pin::pin;

use api::conversations::v1::{ChangeKind, InboxChange};
use futures::future::{Either, select};
use tokio::sync::{mpsc, watch};

use super::answers::ToAnswer;
use super::{Scene, seen};
use crate::actors::Visitor;
use crate::history::Seen;

impl Scene {
    /// An employee follows imBox until the end. The first passes on what may be answered; the second loses the connection
    /// now and then.
    pub(super) async fn look_on(
        &self,
        watcher: usize,
        to_answer: Option<mpsc::UnboundedSender<ToAnswer>>,
        mut ended: watch::Receiver<bool>,
    ) {
        let seed = self.seed.branch();
        let mut watch = self.admin.watch().await;
        while let Some(change) = until(watch.next_or_reset(), &mut ended).await {
            let Some(change) = change else {
                self.record.reset();
                continue;
            };
            let Some(seen) = added(&change) else { continue };
            let answered = to_answer.as_ref().filter(|_| seen.from_client);
            self.record
                .watched(watcher, seen.clone(), answered.is_some());
            if let Some(to_answer) = answered {
                let conversation = change.conversation.unwrap_or_default();
                let _ = to_answer.send(ToAnswer {
                    seen,
                    connection: conversation.connection_id,
                });
            }
            if to_answer.is_none() && seed.one_in(40) {
                watch.drop_stream();
            }
        }
    }

    /// A visitor follows the chat window until the end.
    pub(super) async fn visitor_looks_on(
        &self,
        visitor: &Visitor,
        mut ended: watch::Receiver<bool>,
    ) {
        let mut watch = visitor.watch(0);
        while let Some(message) = until(watch.next(), &mut ended).await {
            if !message.mine {
                let seen = Seen {
                    text: message.text,
                    message: message.id,
                    conversation: String::new(),
                    seq: message.seq,
                    from_client: false,
                };
                self.record.shown(visitor.id(), seen);
            }
        }
    }
}

/// The message that a change added.
fn added(change: &InboxChange) -> Option<Seen> {
    match change.kind() {
        ChangeKind::Created | ChangeKind::Reopened | ChangeKind::MessageAdded => {
            seen(change.message.as_ref()?)
        }
        _ => None,
    }
}

/// What comes first: the outcome, or the end.
pub(super) async fn until<T>(
    work: impl Future<Output = T>,
    ended: &mut watch::Receiver<bool>,
) -> Option<T> {
    // The end also comes when nobody can announce it any more.
    let ended = pin!(ended.wait_for(|ended| *ended));
    match select(pin!(work), ended).await {
        Either::Left((outcome, _)) => Some(outcome),
        Either::Right(_) => None,
    }
}
