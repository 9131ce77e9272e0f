//! A connector without any library, sound or with one defect.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use api::connector::v1::channel_event::Event;
use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use api::connector::v1::download_media_response::Part as Given;
use api::connector::v1::incoming_media::Source;
use api::connector::v1::upload_media_request::Part;
use api::connector::v1::watch_connections_response::Event as Watched;
use api::connector::v1::{
    ChannelEvent, ConnectorManifest, Delivery, DeliveryOutcome, DeliveryReport,
    DownloadMediaRequest, HealthReport, IncomingMedia, IncomingMessage, MediaRule, PublishRequest,
    RegisterConnectorRequest, ReportDeliveriesRequest, ReportHealthRequest, TakeDeliveriesRequest,
    UploadMediaHeader, UploadMediaRequest, WatchConnectionsRequest, take_deliveries_response,
};
use api::conversations::v1::{AttachmentKind, ConnectionState};
use conformance::{Received, Subject, Written};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::transport::Channel;
use tonic::{Request, Status};
use types::Clock;

use crate::paper::{Paper, Refused};

pub const KEY: &str = "paper";

/// What a connector may do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// An event has another id at every try.
    NewIds,
    /// What was not stored is forgotten.
    Forgets,
    /// It does not wait between tries.
    Hammers,
    /// What is refused for good is brought again and again.
    Clings,
    /// What was not stored goes behind what came later.
    Overtakes,
    /// What it does not know it leaves out.
    DropsUnknown,
    /// What it has of a file is enough, and none is tried twice.
    HalfFiles,
    /// It does not say that a message goes out now.
    Unannounced,
    /// It sends what is somebody else's.
    Unfenced,
    /// It sends what may be there already.
    SendsAgain,
    /// A report is told once.
    TellsOnce,
    /// A chat that waits holds up all.
    OneByOne,
    /// It tries again what may be there already.
    Trusting,
    /// It does not rest when switched off.
    Restless,
    /// It does not say how it is.
    NoHealth,
}

/// The connector, which runs in this process.
pub struct Plain {
    paper: Paper,
    defect: Option<Defect>,
    running: JoinSet<()>,
}

impl Plain {
    pub fn new(paper: Paper, defect: Option<Defect>) -> Self {
        Self {
            paper,
            defect,
            running: JoinSet::new(),
        }
    }
}

#[tonic::async_trait]
impl Subject for Plain {
    async fn start(&mut self, url: &str, api_key: &str) -> io::Result<()> {
        let channel = kit::channel(url).map_err(io::Error::other)?;
        let work = Arc::new(Work {
            hub: ConnectorHubServiceClient::new(channel),
            bearer: format!("Bearer {api_key}"),
            paper: self.paper.clone(),
            defect: self.defect,
            connection: watch::Sender::default(),
            is_on: AtomicBool::new(false),
            tries: AtomicU64::new(0),
        });
        let (bringing, taking) = (Arc::clone(&work), Arc::clone(&work));
        self.running.spawn(async move { bringing.bring().await });
        self.running.spawn(async move { taking.take().await });
        self.running.spawn(async move { work.watch().await });
        Ok(())
    }

    async fn kill(&mut self) -> io::Result<()> {
        self.running.shutdown().await;
        Ok(())
    }
}

struct Work {
    hub: ConnectorHubServiceClient<Channel>,
    bearer: String,
    paper: Paper,
    defect: Option<Defect>,
    connection: watch::Sender<String>,
    is_on: AtomicBool,
    tries: AtomicU64,
}

async fn pause(milliseconds: u64) {
    Clock::system()
        .sleep(Duration::from_millis(milliseconds))
        .await;
}

impl Work {
    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    fn hub(&self) -> ConnectorHubServiceClient<Channel> {
        self.hub.clone()
    }

    fn with<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let bearer = self.bearer.parse().expect("ASCII");
        request.metadata_mut().insert("authorization", bearer);
        request
    }

    async fn watch(&self) {
        loop {
            if let Err(status) = self.watch_once().await {
                tracing::debug!(%status, "again");
            }
            pause(100).await;
        }
    }

    async fn watch_once(&self) -> Result<(), Status> {
        let manifest = ConnectorManifest {
            key: KEY.to_owned(),
            title: "Paper".to_owned(),
            media: vec![MediaRule {
                kind: AttachmentKind::Document.into(),
                ..MediaRule::default()
            }],
            ..ConnectorManifest::default()
        };
        let manifest = Some(manifest);
        let request = self.with(RegisterConnectorRequest { manifest });
        self.hub().register_connector(request).await?;
        let connector_key = KEY.to_owned();
        let request = self.with(WatchConnectionsRequest { connector_key });
        let mut news = self.hub().watch_connections(request).await?.into_inner();
        while let Some(step) = news.message().await? {
            let Some(Watched::Connection(connection)) = step.event else {
                continue;
            };
            let is_on = connection.enabled || self.has(Defect::Restless);
            self.is_on.store(is_on, Ordering::Relaxed);
            self.connection.send_replace(connection.id.clone());
            if !self.has(Defect::NoHealth) {
                self.tell_health(connection.id).await?;
            }
        }
        Ok(())
    }

    async fn tell_health(&self, connection_id: String) -> Result<(), Status> {
        let report = HealthReport {
            connection_id,
            state: ConnectionState::Working.into(),
            text: String::new(),
        };
        let request = self.with(ReportHealthRequest {
            connector_key: KEY.to_owned(),
            reports: vec![report],
        });
        self.hub().report_health(request).await.map(drop)
    }

    async fn bring(&self) {
        loop {
            pause(if self.has(Defect::Hammers) { 1 } else { 20 }).await;
            let most = if self.has(Defect::Overtakes) { 1 } else { 500 };
            let written: Vec<_> = self
                .paper
                .sheet()
                .written
                .iter()
                .take(most)
                .cloned()
                .collect();
            if written.is_empty() || !self.is_on.load(Ordering::Relaxed) {
                continue;
            }
            let mut events = Vec::new();
            for (number, written) in &written {
                events.extend(self.event(*number, written).await);
            }
            let request = self.with(PublishRequest {
                connector_key: KEY.to_owned(),
                events,
            });
            let is_done = match self.hub().publish(request).await {
                Ok(reply) => {
                    let mut results = reply.get_ref().results.iter();
                    !self.has(Defect::Clings) || results.all(|it| it.reason.is_empty())
                }
                Err(_) => self.has(Defect::Forgets),
            };
            {
                let mut sheet = self.paper.sheet();
                if is_done {
                    sheet.written.drain(..written.len());
                } else if self.has(Defect::Overtakes) {
                    sheet.written.rotate_left(1);
                }
            }
            if !is_done && !self.has(Defect::Hammers) {
                pause(200).await;
            }
        }
    }

    async fn event(&self, number: u64, written: &Written) -> Option<ChannelEvent> {
        if written.unsupported && self.has(Defect::DropsUnknown) {
            return None;
        }
        let unsupported = if written.unsupported { "riddle" } else { "" };
        let mut message = IncomingMessage {
            text: written.text.clone(),
            unsupported_kind: unsupported.to_owned(),
            ..IncomingMessage::default()
        };
        if let Some(file) = &written.file {
            while message.media.is_empty() {
                match self.upload(&written.chat, &file.name, &file.bytes).await {
                    Ok(id) => message.media.push(IncomingMedia {
                        source: Some(Source::AttachmentId(id)),
                        ..IncomingMedia::default()
                    }),
                    Err(_) if self.has(Defect::HalfFiles) => break,
                    Err(_) => pause(100).await,
                }
            }
        }
        let mut id = number.to_string();
        if self.has(Defect::NewIds) {
            id += &format!(" try {}", self.tries.fetch_add(1, Ordering::Relaxed));
        }
        Some(ChannelEvent {
            connection_id: self.connection.borrow().clone(),
            external_event_id: id,
            external_chat_id: written.chat.clone(),
            event: Some(Event::Message(message)),
            ..ChannelEvent::default()
        })
    }

    async fn upload(&self, chat: &str, name: &str, bytes: &[u8]) -> Result<String, Status> {
        let header = UploadMediaHeader {
            connector_key: KEY.to_owned(),
            connection_id: self.connection.borrow().clone(),
            external_chat_id: chat.to_owned(),
            file_name: name.to_owned(),
            ..UploadMediaHeader::default()
        };
        let chunks = bytes.chunks(1 << 20).map(|it| Part::Chunk(it.to_vec()));
        let parts: Vec<_> = std::iter::once(Part::Header(header))
            .chain(chunks)
            .map(|part| UploadMediaRequest { part: Some(part) })
            .collect();
        let request = self.with(tokio_stream::iter(parts));
        let reply = self.hub().upload_media(request).await?.into_inner();
        Ok(reply.attachment.expect("a file").id)
    }

    async fn take(self: Arc<Self>) {
        let mut known = self.connection.subscribe();
        known.wait_for(|it| !it.is_empty()).await.expect("it lives");
        loop {
            if let Err(status) = self.take_once().await {
                tracing::debug!(%status, "again");
            }
            pause(100).await;
        }
    }

    async fn take_once(self: &Arc<Self>) -> Result<(), Status> {
        let request = self.with(TakeDeliveriesRequest {
            connector_key: KEY.to_owned(),
            max_in_flight: 50,
        });
        let mut deliveries = self.hub().take_deliveries(request).await?.into_inner();
        // What is under way ends with the stream.
        let mut underway = JoinSet::new();
        while let Some(step) = deliveries.message().await? {
            let Some(take_deliveries_response::Event::Delivery(delivery)) = step.event else {
                continue;
            };
            if self.has(Defect::OneByOne) {
                self.deliver(&delivery).await;
                continue;
            }
            let work = Arc::clone(self);
            underway.spawn(async move { work.deliver(&delivery).await });
        }
        Ok(())
    }

    async fn deliver(&self, delivery: &Delivery) {
        if delivery.maybe_sent && !self.has(Defect::SendsAgain) {
            self.report(delivery, DeliveryOutcome::Unknown).await;
            return;
        }
        if !self.is_on.load(Ordering::Relaxed) {
            self.report(delivery, DeliveryOutcome::Retry).await;
            return;
        }
        if !self.has(Defect::Unannounced)
            && !self.report(delivery, DeliveryOutcome::Sending).await
            && !self.has(Defect::Unfenced)
        {
            return;
        }
        let outcome = loop {
            let outcome = self.send(delivery).await;
            let again = outcome == DeliveryOutcome::Retry && self.has(Defect::OneByOne)
                || outcome == DeliveryOutcome::Unknown && self.has(Defect::Trusting);
            if !again {
                break outcome;
            }
            pause(50).await;
        };
        self.report(delivery, outcome).await;
    }

    async fn send(&self, delivery: &Delivery) -> DeliveryOutcome {
        let mut message = Received {
            text: delivery.text.clone(),
            files: Vec::new(),
        };
        for file in &delivery.attachments {
            let mut bytes = Vec::new();
            if self.download(delivery, &file.id, &mut bytes).await.is_err()
                && !self.has(Defect::HalfFiles)
            {
                return DeliveryOutcome::Retry;
            }
            message.files.push(bytes);
        }
        match self.paper.send(&delivery.external_chat_id, message) {
            Ok(()) => DeliveryOutcome::Sent,
            Err(Refused::Now) => DeliveryOutcome::Retry,
            Err(Refused::Lost) => DeliveryOutcome::Unknown,
        }
    }

    async fn download(
        &self,
        delivery: &Delivery,
        id: &str,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Status> {
        let request = self.with(DownloadMediaRequest {
            connector_key: KEY.to_owned(),
            connection_id: delivery.connection_id.clone(),
            external_chat_id: delivery.external_chat_id.clone(),
            attachment_id: id.to_owned(),
            ..DownloadMediaRequest::default()
        });
        let mut parts = self.hub().download_media(request).await?.into_inner();
        while let Some(part) = parts.message().await? {
            if let Some(Given::Chunk(chunk)) = part.part {
                bytes.extend(chunk);
            }
        }
        Ok(())
    }

    /// True when the hub took it.
    async fn report(&self, delivery: &Delivery, outcome: DeliveryOutcome) -> bool {
        let report = DeliveryReport {
            delivery_id: delivery.id.clone(),
            lease_token: delivery.lease_token,
            outcome: outcome.into(),
            retry_after_ms: 200,
            ..DeliveryReport::default()
        };
        loop {
            let request = self.with(ReportDeliveriesRequest {
                connector_key: KEY.to_owned(),
                reports: vec![report.clone()],
            });
            match self.hub().report_deliveries(request).await {
                Ok(reply) => return reply.get_ref().results[0].reason.is_empty(),
                Err(_) if self.has(Defect::TellsOnce) => return false,
                Err(_) => pause(100).await,
            }
        }
    }
}
