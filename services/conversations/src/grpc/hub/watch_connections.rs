//! WatchConnections: all of a connector's connections, then each that is added or changed.
//!
//! A change in this process is told at once. Those of other replicas are found by a poll that reads one row: connections
//! change a few times a day.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use api::connector::v1::watch_connections_response::Event;
use api::connector::v1::{
    ConnectorConnection, Heartbeat, Synced, WatchConnectionsRequest, WatchConnectionsResponse,
};
use auth::{Caller, ConnectorScope};
use kit::Refusal;
use pg::Error;
use tokio::sync::{Notify, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status};
use types::{Clock, ConnectionId};

use super::{Answers, HEARTBEAT, Hub, jittered, rows_of, still_valid};
use crate::domain::connection::Connection;
use crate::grpc::connection::settings;
use crate::store::connections::{self, Fingerprint};

/// How soon a change at another replica is told.
const POLL: Duration = Duration::from_secs(2);

/// How soon a database that is away is asked again.
const RETRY: Duration = Duration::from_millis(500);

/// Answers that may wait for the connector to read them.
const UNREAD: usize = 64;

pub(super) fn watch(
    hub: &Hub,
    request: &Request<WatchConnectionsRequest>,
) -> Result<Answers<WatchConnectionsResponse>, Refusal> {
    let caller = Caller::of(request)?;
    let connector = caller.connector(&request.get_ref().connector_key)?;
    let (answers, answered) = mpsc::channel(UNREAD);
    let changed = hub.directory.changed();
    let watch = Watch {
        hub: hub.clone(),
        caller,
        connector,
        answers,
        told: HashMap::new(),
        seen: None,
    };
    let language = kit::language::current();
    hub.life.spawn(
        "connection stream",
        kit::language::with(language, watch.run(changed)),
    );
    Ok(Box::pin(ReceiverStream::new(answered)))
}

struct Watch {
    hub: Hub,
    caller: Caller,
    connector: ConnectorScope,
    answers: mpsc::Sender<Result<WatchConnectionsResponse, Status>>,
    /// The version that was told of each connection.
    told: HashMap<ConnectionId, i64>,
    /// What the database looked like when they were told; `None` before the first time.
    seen: Option<Fingerprint>,
}

/// The connector has gone.
struct Gone;

impl Watch {
    async fn run(mut self, changed: Arc<Notify>) {
        let stopping = self.hub.life.stopping();
        let answers = self.answers.clone();
        let refusal = tokio::select! {
            refusal = self.serve(&changed) => refusal,
            () = answers.closed() => None,
            () = stopping.cancelled() => Some(Refusal::shutting_down()),
        };
        if let Some(refusal) = refusal {
            let _ = answers.send(Err(refusal.into())).await;
        }
    }

    /// Ends with what to tell the connector, if it is still there.
    async fn serve(&mut self, changed: &Notify) -> Option<Refusal> {
        let (clock, system) = (self.hub.clock.clone(), Clock::system());
        let mut heartbeat = Box::pin(clock.sleep(HEARTBEAT));
        loop {
            // Listening begins before looking, so that nothing can come in between unheard.
            let mut woken = Box::pin(changed.notified());
            woken.as_mut().enable();
            if let Err(refusal) = still_valid(&self.caller, &clock) {
                return Some(refusal);
            }
            let pause = match self.look().await {
                Ok(Some(news)) => match self.tell(news).await {
                    Ok(()) => POLL,
                    Err(Gone) => return None,
                },
                Ok(None) => POLL,
                Err(error) => {
                    tracing::debug!(%error, "connections could not be read; the next look tries again");
                    RETRY
                }
            };
            tokio::select! {
                () = woken => {}
                () = system.sleep(jittered(pause)) => {}
                () = &mut heartbeat => {
                    heartbeat = Box::pin(clock.sleep(HEARTBEAT));
                    if self.send(Event::Heartbeat(Heartbeat {})).await.is_err() {
                        return None;
                    }
                }
            }
        }
    }

    /// All connections of the connector, if any changed since the last look.
    async fn look(&self) -> Result<Option<(Fingerprint, Vec<Connection>)>, Error> {
        let (connector, seen) = (self.connector.clone(), self.seen);
        let rows = rows_of(&connector, "watch connections");
        let looked = self.hub.db.tx(rows, move |tx| {
            Box::pin(async move {
                // What changes between the two statements is told twice, not missed.
                let fingerprint = connections::fingerprint(tx, &connector).await?;
                if seen == Some(fingerprint) {
                    return Ok(None);
                }
                Ok(Some((
                    fingerprint,
                    connections::list_of_connector(tx, &connector).await?,
                )))
            })
        });
        looked.await
    }

    async fn tell(
        &mut self,
        (fingerprint, connections): (Fingerprint, Vec<Connection>),
    ) -> Result<(), Gone> {
        for connection in connections {
            if self.told.insert(connection.id, connection.version) != Some(connection.version) {
                let told = self.to_proto(connection);
                self.send(Event::Connection(told)).await?;
            }
        }
        if self.seen.replace(fingerprint).is_none() {
            self.send(Event::Synced(Synced {})).await?;
        }
        Ok(())
    }

    /// The connection with its secrets. Those that cannot be opened are left out: the connector says what is missing.
    fn to_proto(&self, connection: Connection) -> ConnectorConnection {
        let settings = settings::opened(&self.hub.key, &connection);
        let settings = settings.unwrap_or_else(|error| {
            tracing::error!(%error, connection.id = %connection.id, "the secrets of a connection cannot be opened; enter them again");
            connection.settings.plain.clone()
        });
        ConnectorConnection {
            id: connection.id.to_string(),
            external_id: connection.external_id,
            title: connection.title,
            enabled: connection.enabled,
            settings: (!settings.is_empty()).then(|| kit::json::to_struct(settings)),
        }
    }

    async fn send(&self, event: Event) -> Result<(), Gone> {
        self.answers
            .send(Ok(WatchConnectionsResponse { event: Some(event) }))
            .await
            .map_err(|_| Gone)
    }
}
