//! PublishStream: batches are answered in order, several are stored at the same time.
//!
//! A batch begins while earlier ones are still being stored only when they have no chat in common: a connector that has to
//! repeat a failed batch must not find later messages of the same chat stored before it.

use std::collections::{HashSet, VecDeque};

use api::connector::v1::{PublishResult, PublishStreamRequest, PublishStreamResponse};
use auth::{Caller, ConnectorScope};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use kit::Refusal;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status, Streaming};
use types::ConnectionId;

use super::publish::Batch;
use super::{Answers, Hub, still_valid};

/// Batches that are stored at the same time.
const IN_FLIGHT: usize = 4;

/// Answers that may wait for the connector to read them; then no further batch is taken.
const UNREAD: usize = 4;

pub(super) fn publish_stream(
    hub: &Hub,
    request: Request<Streaming<PublishStreamRequest>>,
) -> Result<Answers<PublishStreamResponse>, Refusal> {
    let caller = Caller::of(&request)?;
    let (answers, answered) = mpsc::channel(UNREAD);
    let pipeline = Pipeline {
        hub: hub.clone(),
        caller,
        connector: None,
        stored: InFlight::default(),
        answers,
    };
    let language = kit::language::current();
    // The answer must not wait for the first batch: a connector may send it only when it has the answer's beginning.
    hub.life.spawn(
        "publish stream",
        kit::language::with(language, pipeline.run(request.into_inner())),
    );
    Ok(Box::pin(ReceiverStream::new(answered)))
}

type Chats = HashSet<(ConnectionId, String)>;
type Results = Result<Vec<PublishResult>, Refusal>;

/// Batches that are being stored, in order.
#[derive(Default)]
struct InFlight {
    chats: VecDeque<Chats>,
    results: FuturesOrdered<BoxFuture<'static, Results>>,
}

impl InFlight {
    fn may_begin(&self, batch: &Batch) -> bool {
        let chats = batch.chats();
        self.chats.len() < IN_FLIGHT && self.chats.iter().all(|stored| stored.is_disjoint(&chats))
    }

    fn begin(&mut self, hub: &Hub, batch: Batch) {
        let hub = hub.clone();
        self.chats.push_back(batch.chats());
        self.results
            .push_back(Box::pin(async move { batch.submit(&hub).await }));
    }

    /// The results of the first batch; waits for ever when there is none.
    async fn next(&mut self) -> Results {
        match self.results.next().await {
            Some(results) => {
                self.chats.pop_front();
                results
            }
            None => std::future::pending().await,
        }
    }

    fn is_empty(&self) -> bool {
        self.chats.is_empty()
    }
}

struct Pipeline {
    hub: Hub,
    caller: Caller,
    /// Known from the first batch on.
    connector: Option<ConnectorScope>,
    stored: InFlight,
    answers: mpsc::Sender<Result<PublishStreamResponse, Status>>,
}

/// How the connector's side ended.
enum Ended {
    /// It has sent everything.
    Complete,
    /// It sent what cannot be taken.
    Refused(Refusal),
}

impl Pipeline {
    async fn run(mut self, batches: Streaming<PublishStreamRequest>) {
        let stopping = self.hub.life.stopping();
        let ended = tokio::select! {
            ended = self.serve(batches) => ended,
            () = stopping.cancelled() => Err(Refusal::shutting_down()),
        };
        if let Err(refusal) = ended {
            // Nobody listens when the connector has gone.
            let _ = self.answers.send(Err(refusal.into())).await;
        }
    }

    async fn serve(&mut self, mut batches: Streaming<PublishStreamRequest>) -> Result<(), Refusal> {
        let mut waiting: Option<Batch> = None;
        let mut ended: Option<Ended> = None;
        loop {
            if let Some(batch) = waiting.take_if(|batch| self.stored.may_begin(batch)) {
                self.stored.begin(&self.hub, batch);
            }
            // Whatever ended it: what was taken before is answered first.
            if waiting.is_none() && self.stored.is_empty() {
                match ended {
                    Some(Ended::Complete) => return Ok(()),
                    Some(Ended::Refused(refusal)) => return Err(refusal),
                    None => {}
                }
            }
            tokio::select! {
                results = self.stored.next() => {
                    let results = results?;
                    if self.answers.send(Ok(PublishStreamResponse { results })).await.is_err() {
                        return Ok(());
                    }
                }
                request = batches.message(), if ended.is_none() && waiting.is_none() => match request {
                    Ok(Some(request)) => match self.prepare(request).await {
                        Ok(batch) => waiting = Some(batch),
                        Err(refusal) => ended = Some(Ended::Refused(refusal)),
                    },
                    Ok(None) => ended = Some(Ended::Complete),
                    // A batch that cannot be read is not passed over: its connector has to hear of it. Where the stream
                    // broke, nobody hears.
                    Err(_) => ended = Some(Ended::Refused(unreadable())),
                },
            }
        }
    }

    async fn prepare(&mut self, request: PublishStreamRequest) -> Result<Batch, Refusal> {
        still_valid(&self.caller, &self.hub.clock)?;
        let PublishStreamRequest {
            connector_key,
            events,
        } = request;
        let connector = match self.connector.take() {
            None => self.caller.connector(&connector_key)?,
            Some(connector) if connector_key.is_empty() || connector_key == connector.key() => {
                connector
            }
            Some(_) => {
                return Err(Refusal::field(
                    "connector_key",
                    "must stay the same within a stream",
                ));
            }
        };
        let batch = Batch::prepare(&self.hub, &connector, events).await;
        self.connector = Some(connector);
        batch
    }
}

fn unreadable() -> Refusal {
    Refusal::field("request", "must be a message of this method")
}
