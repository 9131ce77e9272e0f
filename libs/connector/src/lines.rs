//! Open connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::connector::v1::{ChannelEvent, ConnectorConnection, DeliveryReport, PublishResult};
use api::conversations::v1::Template;
use kit::lifecycle::Lifecycle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use types::Clock;

use crate::backoff::{Backoff, jittered};
use crate::channel::{Channel, Connection, Trouble};
use crate::health::Health;
use crate::hub::{Error, Hub, MOST_EVENTS, is_passing};
use crate::intake::Intake;

/// How long a delivery waits for a connection that is being opened; its lease is longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a connection rests that is broken: what was wrong may have been put right at the channel itself.
const REST: Duration = Duration::from_secs(600);

/// What went well for so long did go well.
const LONG: Duration = Duration::from_secs(60);

/// Brings what a connection's channel tells. A clone is cheap.
#[derive(Debug, Clone)]
pub struct Inbound {
    hub: Hub,
    connection: Connection,
    health: Health,
    pub(crate) intake: Intake,
}

impl Inbound {
    /// The hub, for files.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Brings events, in their order, and repeats until they are stored: when it returns, each is stored for good or refused for
    /// good, and the channel may forget it. The results are in the order of the events; the connection of the events is set here.
    ///
    /// # Errors
    /// When the hub refuses the connector itself: its credentials are no longer good.
    pub async fn publish(
        &self,
        mut events: Vec<ChannelEvent>,
    ) -> Result<Vec<PublishResult>, Error> {
        let mut results = Vec::with_capacity(events.len());
        while !events.is_empty() {
            let rest = events.split_off(events.len().min(MOST_EVENTS));
            for event in &mut events {
                event.connection_id = self.connection.id().to_owned();
            }
            results.extend(self.insist_on(std::mem::replace(&mut events, rest)).await?);
        }
        Ok(results)
    }

    async fn insist_on(&self, events: Vec<ChannelEvent>) -> Result<Vec<PublishResult>, Error> {
        let again = || {
            let (hub, events) = (self.hub.clone(), events.clone());
            async move { hub.publish(events).await }
        };
        let results = insist(again).await?;
        count(&self.hub, &results);
        Ok(results)
    }

    /// Tells what the channel says later of messages that it was given, at most 500, and repeats until the hub has heard it. What it
    /// says of messages that are not the connector's, or not any more, is left out.
    ///
    /// # Errors
    /// When the hub refuses the connector itself.
    pub async fn report(&self, reports: Vec<DeliveryReport>) -> Result<(), Error> {
        if reports.is_empty() {
            return Ok(());
        }
        let again = || {
            let (hub, reports) = (self.hub.clone(), reports.clone());
            async move { hub.report(reports).await }
        };
        insist(again).await?;
        Ok(())
    }

    /// Says under which ids chats are known, each given by all ids that the channel names for it, the one that lasts longest first.
    /// At most 100. Repeats until the hub has answered.
    ///
    /// # Errors
    /// When the hub refuses the connector itself, or the ids.
    pub async fn resolve(&self, chats: Vec<Vec<String>>) -> Result<Vec<String>, Error> {
        if chats.is_empty() {
            return Ok(Vec::new());
        }
        let again = || {
            let (inbound, chats) = (self.clone(), chats.clone());
            async move { inbound.hub.resolve(inbound.connection.id(), chats).await }
        };
        insist(again).await
    }

    /// Tells the templates that the channel's provider keeps for the connection: all of them.
    ///
    /// # Errors
    /// When the hub cannot be reached, or refuses one.
    pub async fn templates(&self, templates: Vec<Template>) -> Result<(), Error> {
        self.hub
            .report_templates(self.connection.id(), templates)
            .await
    }

    /// The connection works: the channel answers.
    pub fn working(&self) {
        self.health.working(self.connection.id());
    }

    /// The connection does not work.
    pub fn trouble(&self, trouble: &Trouble) {
        self.health.trouble(self.connection.id(), trouble);
    }
}

/// Calls the hub until it has answered.
async fn insist<T, F: Future<Output = Result<T, Error>>>(call: impl Fn() -> F) -> Result<T, Error> {
    let mut backoff = Backoff::default();
    loop {
        match call().await {
            Err(error) if is_passing(&error) => {
                tracing::debug!(%error, "the hub did not answer; calling again");
                Clock::system().sleep(backoff.wait()).await;
            }
            answered => return answered,
        }
    }
}

fn count(hub: &Hub, results: &[PublishResult]) {
    for result in results {
        let outcome = result.outcome().as_str_name();
        let outcome = outcome
            .trim_start_matches("PUBLISH_OUTCOME_")
            .to_lowercase();
        let key = hub.connector_key().to_owned();
        metrics::counter!("beseda_connector_events_total", "connector" => key, "outcome" => outcome)
            .increment(1);
        if !result.reason.is_empty() {
            tracing::info!(
                connector = hub.connector_key(),
                reason = result.reason,
                text = result.reason_text,
                "the hub refused an event"
            );
        }
    }
}

/// An open connection.
#[derive(Debug)]
pub struct Open<L> {
    /// What the channel made of it.
    pub line: L,
    /// The way of what it tells.
    pub inbound: Inbound,
}

#[derive(Debug)]
struct Known<L> {
    connection: Connection,
    state: watch::Sender<State<L>>,
    /// Ends what runs for it.
    closing: CancellationToken,
}

#[derive(Debug)]
enum State<L> {
    /// Nobody knows yet whether it works.
    Opening,
    Open(Arc<Open<L>>),
    /// Switched off, or it does not work.
    Closed,
}

impl<L> State<L> {
    fn open(&self) -> Option<Arc<Open<L>>> {
        match self {
            Self::Open(open) => Some(Arc::clone(open)),
            Self::Opening | Self::Closed => None,
        }
    }
}

/// The connections of a connector. A clone is cheap.
#[derive(Debug)]
pub struct Lines<L>(Arc<Mutex<HashMap<String, Known<L>>>>);

impl<L> Clone for Lines<L> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<L> Default for Lines<L> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<L> Lines<L> {
    /// An open connection by its id ("cxn_…"); `None` when it is unknown, switched off, or does not work.
    #[must_use]
    pub fn get(&self, connection_id: &str) -> Option<Arc<Open<L>>> {
        self.with(|known| known.get(connection_id)?.state.borrow().open())
    }

    /// All connections that are switched on, and those of them that are open: for channels that call us for several at once.
    #[must_use]
    pub fn all(&self) -> Vec<(Connection, Option<Arc<Open<L>>>)> {
        self.with(|known| {
            let known = known.values().filter(|it| it.connection.is_enabled());
            known
                .map(|it| (it.connection.clone(), it.state.borrow().open()))
                .collect()
        })
    }

    /// The same, after waiting for one that is being opened.
    pub(crate) async fn opened(&self, connection_id: &str) -> Option<Arc<Open<L>>> {
        let mut state = self.with(|known| Some(known.get(connection_id)?.state.subscribe()))?;
        let known = state.wait_for(|state| !matches!(state, State::Opening));
        let known = tokio::time::timeout(PATIENCE, known).await.ok()?.ok()?;
        known.open()
    }

    fn with<T>(&self, action: impl FnOnce(&mut HashMap<String, Known<L>>) -> T) -> T {
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Opens and closes connections as they are told.
pub(crate) struct Keeper<C: Channel> {
    pub channel: Arc<C>,
    pub hub: Hub,
    pub lines: Lines<C::Line>,
    pub health: Health,
    pub life: Lifecycle,
}

impl<C: Channel> Keeper<C> {
    /// A connection as it is now; one that is as before is left alone.
    pub fn told(self: &Arc<Self>, connection: ConnectorConnection) {
        let connection = Connection::new(connection);
        let id = connection.id().to_owned();
        let closing = self.life.stopping().child_token();
        let is_new = self.lines.with(|known| {
            if known.get(&id).is_some_and(|it| it.connection == connection) {
                return false;
            }
            let now = Known {
                connection: connection.clone(),
                state: watch::Sender::new(match connection.is_enabled() {
                    true => State::Opening,
                    false => State::Closed,
                }),
                closing: closing.clone(),
            };
            if let Some(before) = known.insert(id, now) {
                before.closing.cancel();
            }
            true
        });
        if is_new {
            self.channel.told(&connection);
        }
        if is_new && connection.is_enabled() {
            let keeper = Arc::clone(self);
            self.life.spawn("connection", async move {
                tokio::select! { () = keeper.keep(connection) => {}, () = closing.cancelled() => {} }
            });
        }
    }

    /// Keeps one connection open.
    async fn keep(&self, connection: Connection) {
        let mut backoff = Backoff::default();
        let inbound = Inbound {
            hub: self.hub.clone(),
            connection,
            health: self.health.clone(),
            intake: Intake::new(self.life.clone()),
        };
        let mut has_listened = false;
        loop {
            let begun = Instant::now();
            let trouble = match self.channel.open(&inbound.connection).await {
                Ok(line) => {
                    // Whoever could not listen a moment ago may not be able to now: listening itself says when it can.
                    if !has_listened && self.channel.works(&line) {
                        inbound.working();
                    }
                    has_listened = true;
                    self.listen(line, inbound.clone()).await
                }
                Err(trouble) => {
                    self.set(&inbound.connection, State::Closed);
                    trouble
                }
            };
            inbound.trouble(&trouble);
            tracing::warn!(
                connector = self.hub.connector_key(),
                connection = inbound.connection.id(),
                ?trouble,
                "a connection does not work"
            );
            if let Trouble::Broken(_) = trouble {
                self.set(&inbound.connection, State::Closed);
                Clock::system().sleep(jittered(REST)).await;
                continue;
            }
            if begun.elapsed() > LONG {
                backoff.reset();
            }
            Clock::system().sleep(backoff.wait()).await;
        }
    }

    async fn listen(&self, line: C::Line, inbound: Inbound) -> Trouble {
        let open = Arc::new(Open { line, inbound });
        self.set(&open.inbound.connection, State::Open(Arc::clone(&open)));
        self.channel.listen(&open.line, &open.inbound).await
    }

    /// Nothing is set for a connection that was changed meanwhile.
    fn set(&self, connection: &Connection, state: State<C::Line>) {
        self.lines.with(|known| {
            let known = known.get_mut(connection.id());
            if let Some(known) = known.filter(|it| it.connection == *connection) {
                known.state.send_replace(state);
            }
        });
    }
}
