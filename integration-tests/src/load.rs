//! Clients, employees, a connector and visitors at work while faults happen; the outcome is a [`History`].
//!
//! Everybody does what a well-behaved caller does: repeats what was not answered under the same id, resumes a broken stream
//! where it broke, and reports what was sent. A call is repeated only where a fault explains the refusal: any other refusal
//! is a violation.

mod answers;
mod deliveries;
mod record;
mod watchers;
mod writers;

use std::time::Duration;

use api::conversations::v1::{AuthorKind, ConversationLife, ConversationMode, Message};
use api::onlinechat::v1::OnlineChatMode;
use futures::future::join_all;
use testkit::wait_for_state_within;
use tokio::sync::{mpsc, watch};

use crate::actors::{Admin, Connector, Visitor};
use crate::history::{Conversation, History, Seen};
use crate::{Cluster, Seed};
use record::Record;

/// How long the last changes may take to arrive everywhere once nobody writes any more. What has not arrived by then is
/// lost, and the checker says what it was.
const SETTLE: Duration = Duration::from_secs(60);
/// How long a fault waits for the load to come so far.
const PROGRESS: Duration = Duration::from_secs(180);

/// How much happens.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Chats of the connector's channel; each has a submitter who waits for every answer.
    pub chats: usize,
    /// Messages in each.
    pub messages: usize,
    /// Visitors of an online chat.
    pub visitors: usize,
    /// Messages of each.
    pub visitor_messages: usize,
    /// Faults, spread evenly over the messages.
    pub faults: usize,
    /// Calls that are dropped on the way before each call that is waited for.
    pub cancelled: usize,
}

/// An account with its people, ready to work.
pub struct Scene {
    seed: Seed,
    plan: Plan,
    admin: Admin,
    connector: Connector,
    visitors: Vec<Visitor>,
    record: Record,
}

impl Scene {
    /// A new account of this name with a connector's channel (a new conversation after each closing) and an online chat
    /// (one conversation).
    ///
    /// # Panics
    /// When anybody is refused.
    pub async fn prepare(cluster: &Cluster, seed: &Seed, name: &str, plan: Plan) -> Self {
        let admin = cluster.account(name).await;
        let connector = admin.connector(ConversationMode::NewAfterClose).await;
        let online_chat = admin.online_chat(OnlineChatMode::OneActive).await;
        let comes = (0..plan.visitors).map(|_| async {
            Visitor::come(&cluster.url(), &online_chat.id, "")
                .await
                .expect("a visitor comes")
        });
        let visitors = join_all(comes).await;
        Self {
            seed: seed.branch(),
            plan,
            admin,
            connector,
            visitors,
            record: Record::default(),
        }
    }

    /// The administrator.
    #[must_use]
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// Messages that were acknowledged so far.
    #[must_use]
    pub fn acknowledged(&self) -> usize {
        self.record.acknowledged()
    }

    /// Waits until so many more messages were acknowledged, or all there will be.
    pub async fn wait_progress(&self, more: usize) {
        self.wait_acknowledged(self.record.acknowledged() + more)
            .await;
    }

    /// Everybody works as planned while `fault` is called with 0, 1, …; then everything is left to settle and written down.
    pub async fn run(&self, mut fault: impl AsyncFnMut(&Self, usize)) -> History {
        let work = async {
            tokio::join!(self.write_chats(), self.write_visitors(), async {
                for number in 0..self.plan.faults {
                    self.wait_acknowledged(self.total() * (number + 1) / (self.plan.faults + 1))
                        .await;
                    fault(self, number).await;
                }
            });
        };
        self.watched(work).await
    }

    /// The connector brings its messages many times over, shuffled, over several connections at once.
    pub async fn redeliver(&self, most: usize) -> History {
        self.watched(self.bring_again_and_again(most)).await
    }

    /// Runs `work` while everybody looks on, and answers.
    async fn watched(&self, work: impl Future<Output = ()>) -> History {
        let (quit, ended) = watch::channel(false);
        let (to_answer, waiting) = mpsc::unbounded_channel();
        let lookers = async {
            tokio::join!(
                self.look_on(0, Some(to_answer), ended.clone()),
                self.look_on(1, None, ended.clone()),
                self.take_deliveries(ended.clone()),
                join_all(
                    self.visitors
                        .iter()
                        .map(|visitor| self.visitor_looks_on(visitor, ended.clone()))
                ),
            );
        };
        let busy = async {
            work.await;
            self.record.no_more_work();
            self.settle().await;
            // Nobody waits for it when everybody has gone.
            let _ = quit.send(true);
        };
        tokio::join!(lookers, self.answer(waiting), busy);
        self.write_down().await
    }

    fn total(&self) -> usize {
        self.plan.chats * self.plan.messages + self.plan.visitors * self.plan.visitor_messages
    }

    async fn wait_acknowledged(&self, wanted: usize) {
        let wanted = wanted.min(self.total());
        wait_for_state_within(PROGRESS, "the load goes on", async || {
            let acknowledged = self.record.acknowledged();
            if acknowledged >= wanted {
                Ok(())
            } else {
                Err(format!("{acknowledged} of {wanted}"))
            }
        })
        .await;
    }

    /// Waits until what was promised has arrived everywhere, or will not.
    async fn settle(&self) {
        let mut calm = 0;
        let deadline = std::time::Instant::now() + SETTLE;
        // Answers are made from what is seen, so what is wanted may grow: it has to hold for a while.
        while calm < 10 && std::time::Instant::now() < deadline {
            calm = if self.record.is_settled() {
                calm + 1
            } else {
                0
            };
            types::Clock::system()
                .sleep(Duration::from_millis(20))
                .await;
        }
        if calm < 10 {
            println!(
                "not everything arrived within {SETTLE:?}: {}",
                self.record.missing()
            );
        }
    }

    /// The history, with the lists as they are at the end.
    async fn write_down(&self) -> History {
        let mut history = self.record.take();
        for life in [ConversationLife::Open, ConversationLife::Closed] {
            for conversation in self.admin.all(life).await {
                let messages = self.admin.messages(&conversation.id).await;
                history.listed.extend(messages.iter().filter_map(seen));
                history.conversations.push(Conversation {
                    id: conversation.id,
                    number: conversation.number,
                    chat: conversation.chat_id,
                    open: life == ConversationLife::Open,
                });
            }
        }
        history
    }
}

/// A message of a person.
fn seen(message: &Message) -> Option<Seen> {
    let author = message.author.as_ref().map(|author| author.kind());
    let from_client = match author? {
        AuthorKind::Client => true,
        AuthorKind::Employee => false,
        AuthorKind::Bot | AuthorKind::System | AuthorKind::Unspecified => return None,
    };
    Some(Seen {
        text: message.text.clone(),
        message: message.id.clone(),
        conversation: message.conversation_id.clone(),
        seq: message.seq,
        from_client,
    })
}
