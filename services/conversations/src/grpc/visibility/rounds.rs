//! Questions of several callers answered in one transaction: it costs its round trips whatever is asked in it.
//!
//! A round takes whatever has queued up while the one before it was answered, so a lone question waits for nobody. Everybody is
//! answered by their own rights as they hold in the round's transaction, which begins after the question came.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::conversations::v1::VisibilityAnswer;
use auth::{AccountScope, Caller};
use kit::Refusal;
use kit::lifecycle::Lifecycle;
use pg::Db;
use rights::RightsCopy;
use tokio::sync::{mpsc, oneshot};

use super::check::{Question, decide};
use crate::domain::card::Viewer;
use crate::grpc::viewer::refusal;
use crate::store::cards;

/// Rounds that are answered at the same time. An account's questions go to one of them.
const LANES: usize = 4;

/// Questions that may wait in a lane; more wait outside of it.
const QUEUE: usize = 1_000;

/// Calls that are answered together at most.
const TOGETHER: usize = 64;

type Answers = Result<Vec<VisibilityAnswer>, Refusal>;

/// Answers questions in rounds. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rounds {
    lanes: Arc<[mpsc::Sender<Call>]>,
}

struct Call {
    scope: AccountScope,
    ask: Ask,
    reply: oneshot::Sender<Answers>,
}

/// Who asks what.
struct Ask {
    caller: Caller,
    questions: Vec<Question>,
}

impl Rounds {
    /// Starts the lanes.
    #[must_use]
    pub fn new(db: &Db, rights: &RightsCopy, life: &Lifecycle) -> Self {
        let lanes = (0..LANES).map(|_| {
            let (calls, queue) = mpsc::channel(QUEUE);
            let lane = Lane {
                db: db.clone(),
                rights: rights.clone(),
            };
            life.spawn("questions about rights", lane.run(queue));
            calls
        });
        Self {
            lanes: lanes.collect(),
        }
    }

    /// Answers in the order of the questions.
    ///
    /// # Errors
    /// When the caller's rights cannot be known, a user is none of the account, or the database fails.
    pub async fn ask(&self, caller: &Caller, questions: Vec<Question>) -> Answers {
        let scope = caller.scope()?;
        let (reply, answers) = oneshot::channel();
        let call = Call {
            scope,
            ask: Ask {
                caller: caller.clone(),
                questions,
            },
            reply,
        };
        let lane = usize::from(events::shard_of(scope.account())) % self.lanes.len();
        // A lane that has ended drops the reply, which is noticed below.
        let _ = self.lanes[lane].send(call).await;
        answers
            .await
            .unwrap_or_else(|_| Err(Refusal::shutting_down()))
    }
}

struct Lane {
    db: Db,
    rights: RightsCopy,
}

impl Lane {
    /// Ends when every [`Rounds`] is gone.
    async fn run(self, mut queue: mpsc::Receiver<Call>) {
        let mut calls = Vec::new();
        while queue.recv_many(&mut calls, TOGETHER).await > 0 {
            let mut rounds: BTreeMap<_, Vec<Call>> = BTreeMap::new();
            for call in calls.drain(..) {
                rounds.entry(call.scope.account()).or_default().push(call);
            }
            for calls in rounds.into_values() {
                self.round(calls).await;
            }
        }
    }

    /// Answers calls of one account, each by the rights of its caller.
    async fn round(&self, calls: Vec<Call>) {
        let Some(scope) = calls.first().map(|call| call.scope) else {
            return;
        };
        let (asks, replies): (Vec<_>, Vec<_>) =
            calls.into_iter().map(|call| (call.ask, call.reply)).unzip();
        let answers = self
            .answer(scope, asks)
            .await
            .unwrap_or_else(|error| replies.iter().map(|_| Err(failed(&error))).collect());
        for (reply, answers) in replies.into_iter().zip(answers) {
            // Who went away needs no answer.
            let _ = reply.send(answers);
        }
    }

    async fn answer(
        &self,
        scope: AccountScope,
        asks: Vec<Ask>,
    ) -> Result<Vec<Answers>, rights::Error> {
        let rights = self.rights.clone();
        let done = self.db.tx(scope, move |tx| {
            Box::pin(async move {
                let account = rights.account(tx, scope.account()).await?;
                let asked = asks.iter().flat_map(|ask| &ask.questions);
                let wanted: BTreeSet<_> = asked
                    .map(|question| (scope.account(), question.conversation))
                    .collect();
                let wanted: Vec<_> = wanted.into_iter().collect();
                let cards = cards::of_conversations(tx, &wanted).await?;
                let answers = asks.iter().map(|ask| {
                    let known = rights.viewer_in(account.clone(), &ask.caller);
                    let viewer = Viewer::from(known.map_err(refusal)?);
                    decide(&viewer, &cards, &ask.questions)
                });
                Ok(answers.collect())
            })
        });
        done.await
    }
}

/// Why a whole round failed, told to each of its callers.
fn failed(error: &rights::Error) -> Refusal {
    let cause = anyhow::anyhow!("{error:#}");
    match error {
        rights::Error::Store(
            pg::Error::Unavailable(_) | pg::Error::Timeout(_) | pg::Error::Serialization,
        ) => Refusal::store_unavailable(cause),
        _ => Refusal::internal(cause),
    }
}
