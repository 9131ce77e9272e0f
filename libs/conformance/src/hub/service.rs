//! The calls.

use std::collections::HashSet;
use std::pin::Pin;
use std::time::Duration;

use api::connector::v1::connector_hub_service_server::ConnectorHubService;
use api::connector::v1::download_media_response::Part;
use api::connector::v1::take_deliveries_response::Event as Taken;
use api::connector::v1::watch_connections_response::Event as Watched;
use api::connector::v1::{
    DeliveryOutcome, DownloadMediaHeader, DownloadMediaRequest, DownloadMediaResponse, Heartbeat,
    ListChatConversationsRequest, ListChatConversationsResponse, ListChatMessagesRequest,
    ListChatMessagesResponse, PublishRequest, PublishResponse, PublishStreamRequest,
    PublishStreamResponse, RegisterConnectorRequest, RegisterConnectorResponse,
    ReportDeliveriesRequest, ReportDeliveriesResponse, ReportHealthRequest, ReportHealthResponse,
    ReportPictureRequest, ReportPictureResponse, ReportResult, ReportTemplatesRequest,
    ReportTemplatesResponse, ResolveChatsRequest, ResolveChatsResponse, Synced,
    TakeDeliveriesRequest, TakeDeliveriesResponse, UploadMediaPartRequest, UploadMediaPartResponse,
    UploadMediaRequest, UploadMediaResponse, WatchConnectionsRequest, WatchConnectionsResponse,
};
use api::conversations::v1::ConnectionState;
use futures::Stream;
use kit::Refusal;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};
use types::Clock;

use super::book::Fault;
use super::{Credentials, Hub, files};

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// How often what is due is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How often a stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(20);

impl Hub {
    /// Who calls, and for which connector?
    fn admit(&self, metadata: &MetadataMap, connector_key: &str) -> Result<(), Status> {
        let given = metadata
            .get("authorization")
            .and_then(|it| it.to_str().ok());
        let is_known = match (&self.options().credentials, given) {
            (Credentials::Key(key), Some(given)) => *given == format!("Bearer {key}"),
            (Credentials::Any, Some(given)) => given.starts_with("Bearer "),
            (_, None) => false,
        };
        if !is_known {
            self.change(|book| book.offence("a call without the credentials it was given"));
            return Err(Refusal::token_invalid().into());
        }
        if connector_key != self.options().connector_key {
            let key = &self.options().connector_key;
            self.change(|book| {
                book.offence(format!(
                    "a call for the connector {connector_key:?}; this is {key:?}"
                ));
            });
            return Err(Refusal::scope_missing(format!("connector:{connector_key}")).into());
        }
        Ok(())
    }

    /// Waits; a hub that goes down answers nobody any more.
    async fn wait(&self, time: Duration) -> Result<(), Status> {
        let (stopping, clock) = (self.life().stopping(), Clock::system());
        tokio::select! {
            () = clock.sleep(time) => Ok(()),
            () = stopping.cancelled() => Err(Refusal::shutting_down().into()),
        }
    }

    /// What comes before the work is done; true when its answer is to be lost.
    async fn bad_moment(&self, fault: Option<Fault>) -> Result<bool, Status> {
        match fault {
            None => Ok(false),
            Some(Fault::LoseAnswer) => Ok(true),
            Some(Fault::Unavailable) => Err(unavailable()),
            Some(Fault::Busy(time)) => Err(Refusal::rate_limited(time).into()),
            Some(Fault::Slow(time)) => self.wait(time).await.map(|()| false),
        }
    }

    async fn store(
        &self,
        events: &[api::connector::v1::ChannelEvent],
    ) -> Result<PublishResponse, Status> {
        let fault = self.change(|book| {
            book.publishing(events);
            book.note(events);
            let next = book.faults.publish.pop_front();
            next.or(book.faults.publish_always)
        });
        let moment = self.bad_moment(fault).await;
        let results = self.change(|book| {
            book.published(events);
            // What could not be stored was not.
            if moment.is_ok() {
                book.store(events)
            } else {
                Vec::new()
            }
        });
        if moment? {
            return Err(unavailable());
        }
        Ok(PublishResponse { results })
    }

    async fn watch(self, answers: mpsc::Sender<Result<WatchConnectionsResponse, Status>>) {
        let send = async |event: Option<Watched>| {
            answers.send(Ok(WatchConnectionsResponse { event })).await
        };
        let (mut changes, life, clock) = (self.changes(), self.life(), Clock::system());
        let (stopping, mut told) = (life.stopping(), 0);
        // A step of a kind that a newer hub may have.
        let mut gone = send(None).await.is_err();
        while !gone {
            changes.mark_unchanged();
            let (version, connection) = self.with(|book| (book.version, book.connection.clone()));
            if version != told {
                let is_first = told == 0;
                told = version;
                gone = send(Some(Watched::Connection(connection))).await.is_err();
                if is_first {
                    gone |= send(Some(Watched::Synced(Synced {}))).await.is_err();
                }
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = answers.closed() => gone = true,
                () = clock.sleep(HEARTBEAT) => gone |= send(Some(Watched::Heartbeat(Heartbeat {}))).await.is_err(),
                () = stopping.cancelled() => {
                    let _ = answers.send(Err(Refusal::shutting_down().into())).await;
                    gone = true;
                }
            }
        }
    }

    async fn hand_out(
        self,
        most: usize,
        answers: mpsc::Sender<Result<TakeDeliveriesResponse, Status>>,
    ) {
        let send =
            async |event: Option<Taken>| answers.send(Ok(TakeDeliveriesResponse { event })).await;
        let (mut changes, life, clock) = (self.changes(), self.life(), Clock::system());
        let stopping = life.stopping();
        self.change(|book| book.takers += 1);
        let mut gone = send(None).await.is_err();
        while !gone {
            changes.mark_unchanged();
            for delivery in self.with(|book| book.lease(most)) {
                gone |= send(Some(Taken::Delivery(delivery))).await.is_err();
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = clock.sleep(LOOK) => {}
                () = answers.closed() => gone = true,
                () = stopping.cancelled() => {
                    let _ = answers.send(Err(Refusal::shutting_down().into())).await;
                    gone = true;
                }
            }
        }
        self.change(|book| book.takers -= 1);
    }

    async fn give(
        self,
        file: files::Kept,
        breaks: bool,
        answers: mpsc::Sender<Result<DownloadMediaResponse, Status>>,
    ) {
        let header = DownloadMediaHeader {
            media_type: file.attachment.media_type.clone(),
            total_size: file.attachment.size,
            etag: file.attachment.id.clone(),
            attachment: Some(file.attachment),
        };
        let (half, rest) = file.bytes.split_at(file.bytes.len() / 2);
        let chunk = |bytes: &[u8]| {
            Ok(DownloadMediaResponse {
                part: Some(Part::Chunk(bytes.to_vec())),
            })
        };
        let last = if breaks {
            Err(unavailable())
        } else {
            chunk(rest)
        };
        let header = DownloadMediaResponse {
            part: Some(Part::Header(header)),
        };
        for answer in [Ok(header), chunk(half), last] {
            if answers.send(answer).await.is_err() {
                return;
            }
        }
    }
}

fn unavailable() -> Status {
    Refusal::store_unavailable(std::io::Error::other("a bad moment")).into()
}

#[tonic::async_trait]
impl ConnectorHubService for Hub {
    type WatchConnectionsStream = Answers<WatchConnectionsResponse>;
    type PublishStreamStream = Answers<PublishStreamResponse>;
    type TakeDeliveriesStream = Answers<TakeDeliveriesResponse>;
    type DownloadMediaStream = Answers<DownloadMediaResponse>;

    async fn register_connector(
        &self,
        request: Request<RegisterConnectorRequest>,
    ) -> Result<Response<RegisterConnectorResponse>, Status> {
        let manifest = request.get_ref().manifest.clone().unwrap_or_default();
        self.admit(request.metadata(), &manifest.key)?;
        self.change(|book| {
            book.manifest = Some(manifest);
            book.registrations += 1;
        });
        Ok(Response::new(RegisterConnectorResponse {}))
    }

    async fn watch_connections(
        &self,
        request: Request<WatchConnectionsRequest>,
    ) -> Result<Response<Self::WatchConnectionsStream>, Status> {
        self.admit(request.metadata(), &request.get_ref().connector_key)?;
        let (answers, answered) = mpsc::channel(8);
        self.life().spawn("watch", self.clone().watch(answers));
        Ok(Response::new(Box::pin(ReceiverStream::new(answered))))
    }

    async fn publish(
        &self,
        request: Request<PublishRequest>,
    ) -> Result<Response<PublishResponse>, Status> {
        self.admit(request.metadata(), &request.get_ref().connector_key)?;
        self.store(&request.get_ref().events)
            .await
            .map(Response::new)
    }

    async fn publish_stream(
        &self,
        request: Request<Streaming<PublishStreamRequest>>,
    ) -> Result<Response<Self::PublishStreamStream>, Status> {
        let (metadata, _, mut batches) = request.into_parts();
        let (hub, (answers, answered)) = (self.clone(), mpsc::channel(1));
        let stopping = self.life().stopping();
        self.life().spawn("publish stream", async move {
            let work = async {
                while let Some(batch) = batches.message().await? {
                    let key = if batch.connector_key.is_empty() {
                        hub.options().connector_key.clone()
                    } else {
                        batch.connector_key
                    };
                    hub.admit(&metadata, &key)?;
                    let PublishResponse { results } = hub.store(&batch.events).await?;
                    if answers
                        .send(Ok(PublishStreamResponse { results }))
                        .await
                        .is_err()
                    {
                        break;
                    }
                }
                Ok::<(), Status>(())
            };
            let ended = tokio::select! {
                ended = work => ended,
                () = stopping.cancelled() => Err(Refusal::shutting_down().into()),
            };
            if let Err(status) = ended {
                let _ = answers.send(Err(status)).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(answered))))
    }

    async fn take_deliveries(
        &self,
        request: Request<TakeDeliveriesRequest>,
    ) -> Result<Response<Self::TakeDeliveriesStream>, Status> {
        let TakeDeliveriesRequest {
            connector_key,
            max_in_flight,
        } = request.get_ref();
        self.admit(request.metadata(), connector_key)?;
        let most = match usize::try_from(*max_in_flight) {
            Ok(0) => 100,
            Ok(most @ 1..=1_000) => most,
            _ => return Err(Refusal::field("max_in_flight", "must be 0 to 1000").into()),
        };
        let (answers, answered) = mpsc::channel(1);
        self.life()
            .spawn("take", self.clone().hand_out(most, answers));
        Ok(Response::new(Box::pin(ReceiverStream::new(answered))))
    }

    async fn report_deliveries(
        &self,
        request: Request<ReportDeliveriesRequest>,
    ) -> Result<Response<ReportDeliveriesResponse>, Status> {
        self.admit(request.metadata(), &request.get_ref().connector_key)?;
        let reports = &request.get_ref().reports;
        let ends = reports
            .iter()
            .any(|it| it.outcome() != DeliveryOutcome::Sending);
        let fault = self.change(|book| {
            if reports.is_empty() || reports.len() > 500 {
                book.offence(format!(
                    "ReportDeliveries with {} reports; 1 to 500 are taken",
                    reports.len()
                ));
            }
            if ends {
                book.faults.report.pop_front()
            } else {
                None
            }
        });
        let is_lost = self.bad_moment(fault).await?;
        let results = self.change(|book| {
            let results = reports.iter().map(|report| ReportResult {
                reason: book.report(report).to_owned(),
            });
            results.collect()
        });
        if is_lost {
            return Err(unavailable());
        }
        Ok(Response::new(ReportDeliveriesResponse { results }))
    }

    async fn report_health(
        &self,
        request: Request<ReportHealthRequest>,
    ) -> Result<Response<ReportHealthResponse>, Status> {
        self.admit(request.metadata(), &request.get_ref().connector_key)?;
        self.change(|book| {
            for report in &request.get_ref().reports {
                if report.state() == ConnectionState::Unspecified
                    || report.text.chars().count() > 500
                {
                    book.offence("a state of the connection that says nothing, or too much");
                }
                if report.connection_id == book.connection.id {
                    book.health = Some((report.state(), report.text.clone()));
                }
            }
        });
        Ok(Response::new(ReportHealthResponse {}))
    }

    /// No picture is kept here: whoever names one may go on without it.
    async fn report_picture(
        &self,
        request: Request<ReportPictureRequest>,
    ) -> Result<Response<ReportPictureResponse>, Status> {
        self.admit(request.metadata(), &request.get_ref().connector_key)?;
        let asked = request.get_ref();
        let fit = !asked.external_chat_id.is_empty()
            && asked.picture_id.len() <= 200
            && (asked.attachment_id.is_empty() || !asked.picture_id.is_empty());
        if !fit {
            self.change(|book| {
                book.offence("a picture of no chat, without an id, or with too long a one");
            });
        }
        Ok(Response::new(ReportPictureResponse { wanted: false }))
    }

    async fn report_templates(
        &self,
        request: Request<ReportTemplatesRequest>,
    ) -> Result<Response<ReportTemplatesResponse>, Status> {
        self.admit(request.metadata(), &request.get_ref().connector_key)?;
        let mut seen = HashSet::new();
        let told = &request.get_ref().templates;
        let fit = told.iter().all(|it| {
            !it.key.is_empty() && !it.language.is_empty() && seen.insert((&it.key, &it.language))
        });
        if !fit || told.len() > 1_000 {
            self.change(|book| {
                book.offence("templates without key or language, doubled or too many");
            });
        }
        Ok(Response::new(ReportTemplatesResponse {}))
    }

    /// No chat is known under another id here: the first one is it.
    async fn resolve_chats(
        &self,
        request: Request<ResolveChatsRequest>,
    ) -> Result<Response<ResolveChatsResponse>, Status> {
        self.admit(request.metadata(), &request.get_ref().connector_key)?;
        let asked = &request.get_ref().chats;
        let fit = asked.iter().all(|it| (1..=5).contains(&it.ids.len()));
        if !fit || !(1..=100).contains(&asked.len()) {
            self.change(|book| {
                book.offence("chats without ids, or with too many, or too many of them");
            });
        }
        let first = asked.iter().filter_map(|it| it.ids.first().cloned());
        Ok(Response::new(ResolveChatsResponse {
            external_chat_ids: first.collect(),
        }))
    }

    async fn list_chat_messages(
        &self,
        request: Request<ListChatMessagesRequest>,
    ) -> Result<Response<ListChatMessagesResponse>, Status> {
        let asked = request.get_ref();
        self.admit(request.metadata(), &asked.connector_key)?;
        let page = self.with(|book| book.messages(asked))?;
        Ok(Response::new(page))
    }

    async fn list_chat_conversations(
        &self,
        request: Request<ListChatConversationsRequest>,
    ) -> Result<Response<ListChatConversationsResponse>, Status> {
        let asked = request.get_ref();
        self.admit(request.metadata(), &asked.connector_key)?;
        let conversations = self.with(|book| book.conversations_of(asked))?;
        Ok(Response::new(ListChatConversationsResponse {
            conversations,
        }))
    }

    async fn upload_media(
        &self,
        request: Request<Streaming<UploadMediaRequest>>,
    ) -> Result<Response<UploadMediaResponse>, Status> {
        let (metadata, _, parts) = request.into_parts();
        let (header, bytes) = files::read(parts).await?;
        self.admit(&metadata, &header.connector_key)?;
        let fault = self.change(|book| book.faults.upload.pop_front());
        let is_lost = self.bad_moment(fault).await?;
        let attachment = self.change(|book| book.keep(&header.file_name, header.kind(), bytes));
        if is_lost {
            return Err(unavailable());
        }
        Ok(Response::new(UploadMediaResponse {
            attachment: Some(attachment),
        }))
    }

    async fn upload_media_part(
        &self,
        request: Request<UploadMediaPartRequest>,
    ) -> Result<Response<UploadMediaPartResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        let key = request.header.clone().unwrap_or_default().connector_key;
        self.admit(&metadata, &key)?;
        let fault = self.change(|book| book.faults.upload.pop_front());
        let is_lost = self.bad_moment(fault).await?;
        let answer = self.change(|book| book.take_part(request))?;
        if is_lost {
            return Err(unavailable());
        }
        Ok(Response::new(answer))
    }

    async fn download_media(
        &self,
        request: Request<DownloadMediaRequest>,
    ) -> Result<Response<Self::DownloadMediaStream>, Status> {
        let wanted = request.get_ref();
        self.admit(request.metadata(), &wanted.connector_key)?;
        let (file, breaks) = self.change(|book| {
            let breaks = book.faults.broken_downloads > 0;
            book.faults.broken_downloads = book.faults.broken_downloads.saturating_sub(1);
            (book.files.get(&wanted.attachment_id).cloned(), breaks)
        });
        let file = file.ok_or_else(|| Refusal::attachment_not_found(&wanted.attachment_id))?;
        let (answers, answered) = mpsc::channel(1);
        self.life()
            .spawn("download", self.clone().give(file, breaks, answers));
        Ok(Response::new(Box::pin(ReceiverStream::new(answered))))
    }
}
