//! The standing connection to the hub: who we are, our connections, what employees answer. It is kept for ever.
//!
//! A browser reads the hub's own history, so an answer is "sent" as soon as it is stored there. Deliveries are taken all
//! the same: they carry the status that employees see, and they wake streams whose hint of the hub was lost.

use std::collections::HashMap;
use std::convert::Infallible;

use api::connector::v1::{
    ConnectorConnection, ConnectorManifest, Delivery, DeliveryOutcome, DeliveryReport, MediaRule,
    SendRate,
};
use api::conversations::v1::AttachmentKind;
use connector::{Backoff, News};
use futures::{StreamExt, TryStreamExt};
use pg::{Db, SystemScope};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use types::{Clock, ConnectionId, OnlineChatId};

use super::receipts::{Receipts, Sent};
use super::{CONNECTOR_KEY, Chat, Hub};
use crate::domain::online_chat::MAX_TEXT;
use crate::store::online_chats;

/// Deliveries under lease at once.
const IN_FLIGHT: i32 = 500;
/// Deliveries in one report.
const REPORTED_AT_ONCE: usize = 200;

/// The standing connection.
pub struct Link {
    /// The hub.
    pub hub: Hub,
    /// Where online chats wait for their connection.
    pub db: Db,
    /// Where deliveries wait for their visitors.
    pub receipts: Receipts,
    /// The system's time, also in tests: the hub does not wait for theirs.
    pub clock: Clock,
}

impl Link {
    /// Keeps the connection until the service stops.
    pub async fn keep(self, stopping: CancellationToken) {
        let mut backoff = Backoff::default();
        let kept = async {
            loop {
                let Err(status) = self.serve(&mut backoff).await;
                let wait = backoff.wait();
                tracing::info!(code = ?status.code(), reason = status.message(), ?wait, "the hub is away; connecting again");
                self.clock.sleep(wait).await;
            }
        };
        // What was taken and not reported comes again when its lease is over.
        tokio::select! { () = stopping.cancelled() => {}, () = kept => {} }
    }

    async fn serve(&self, backoff: &mut Backoff) -> Result<Infallible, Status> {
        self.register().await?;
        backoff.reset();
        let (never, _) = tokio::try_join!(self.take_deliveries(), self.watch_connections())?;
        Ok(never)
    }

    async fn register(&self) -> Result<(), Status> {
        let manifest = ConnectorManifest {
            key: CONNECTOR_KEY.to_owned(),
            title: "Online chat".to_owned(),
            max_text_length: MAX_TEXT,
            reports_read: true,
            media: media(),
            // Nothing is sent anywhere: visitors read it here.
            send_rate: Some(SendRate {
                per_minute: 600_000,
                burst: 0,
            }),
            ..ConnectorManifest::default()
        };
        self.hub.hub.register(manifest).await
    }

    async fn take_deliveries(&self) -> Result<Infallible, Status> {
        let deliveries = Box::pin(self.hub.hub.deliveries(IN_FLIGHT).await?);
        let mut batches = deliveries.try_ready_chunks(REPORTED_AT_ONCE);
        while let Some(batch) = batches.next().await {
            self.report_sent(batch.map_err(|error| error.1)?).await?;
        }
        Err(ended())
    }

    async fn report_sent(&self, deliveries: Vec<Delivery>) -> Result<(), Status> {
        let (reports, sent): (Vec<_>, Vec<_>) = deliveries.into_iter().map(report).unzip();
        metrics::counter!("beseda_onlinechat_deliveries_total").increment(reports.len() as u64);
        let results = self.hub.report(reports).await?;
        // A refused report: the lease was lost, another replica has the delivery and will note it.
        let taken: Vec<Sent> = sent
            .into_iter()
            .zip(results)
            .filter(|(_, result)| result.reason.is_empty())
            .filter_map(|(sent, _)| sent)
            .collect();
        self.receipts.note(&taken).await;
        Ok(())
    }

    /// Finishes online chats whose creation was cut off between their connection and their own row.
    async fn watch_connections(&self) -> Result<Infallible, Status> {
        let mut news = Box::pin(self.hub.hub.connections().await?);
        let mut first = Some(HashMap::new());
        while let Some(told) = news.next().await.transpose()? {
            match told {
                News::Connection(connection) => {
                    let Some((id, connection)) = ids(&connection) else {
                        continue;
                    };
                    match &mut first {
                        Some(known) => drop(known.insert(id, connection)),
                        None => self.link(HashMap::from([(id, connection)])).await,
                    }
                }
                News::Synced => self.link(first.take().unwrap_or_default()).await,
            }
        }
        Err(ended())
    }

    async fn link(&self, connections: HashMap<OnlineChatId, ConnectionId>) {
        let linked = self
            .db
            .tx(SystemScope::for_job("link online chats"), move |tx| {
                Box::pin(async move {
                    for (account, id) in online_chats::unfinished(tx).await? {
                        if let Some(connection) = connections.get(&id) {
                            online_chats::link(tx, account, id, *connection).await?;
                        }
                    }
                    Ok::<_, pg::Error>(())
                })
            });
        if let Err(error) = linked.await {
            tracing::warn!(%error, "unfinished online chats could not be linked; the next connection tries again");
        }
    }
}

/// Whatever employees send, a browser can show or save.
fn media() -> Vec<MediaRule> {
    let kinds = [
        AttachmentKind::Image,
        AttachmentKind::Video,
        AttachmentKind::Audio,
        AttachmentKind::Voice,
        AttachmentKind::Document,
    ];
    let rule = |kind: AttachmentKind| MediaRule {
        kind: kind.into(),
        ..MediaRule::default()
    };
    kinds.map(rule).to_vec()
}

fn ended() -> Status {
    Status::unavailable("the hub ended the stream")
}

fn ids(connection: &ConnectorConnection) -> Option<(OnlineChatId, ConnectionId)> {
    Some((
        connection.external_id.parse().ok()?,
        connection.id.parse().ok()?,
    ))
}

/// The report of a delivery, and what to note of it. A chat that no visitor can be is failed: it would come again for ever.
fn report(delivery: Delivery) -> (DeliveryReport, Option<Sent>) {
    let connection = delivery.connection_id.parse().ok();
    let visitor = delivery.external_chat_id.parse().ok();
    let chat = connection.zip(visitor).map(|(connection, visitor)| Chat {
        connection,
        visitor,
    });
    let (outcome, failure_text) = match chat {
        Some(_) => (DeliveryOutcome::Sent, String::new()),
        None => (
            DeliveryOutcome::Failed,
            "The chat belongs to no visitor of an online chat.".to_owned(),
        ),
    };
    let report = DeliveryReport {
        delivery_id: delivery.id.clone(),
        lease_token: delivery.lease_token,
        outcome: outcome.into(),
        external_message_id: delivery.message_id,
        failure_text,
        retry_after_ms: 0,
    };
    let sent = chat.map(|chat| Sent {
        chat,
        seq: delivery.seq,
        delivery: delivery.id,
    });
    (report, sent)
}
