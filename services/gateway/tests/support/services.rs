//! The services behind the gateway, as a test needs them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use api::connector::v1::connector_hub_service_server::ConnectorHubService;
use api::connector::v1::*;
use api::conversations::v1::DownloadHeader;
use api::identity::internal::v1::identity_internal_service_server::IdentityInternalService;
use api::identity::internal::v1::*;
use api::identity::v1::session_service_server::SessionService;
use api::identity::v1::*;
use api::onlinechat::internal::v1::embedding_service_server::EmbeddingService;
use api::onlinechat::internal::v1::*;
use api::onlinechat::v1::visitor_service_server::VisitorService;
use api::onlinechat::v1::*;
use futures::{Stream, StreamExt, stream};
use kit::Refusal;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};
use types::{ApiKeyId, Clock};

use super::Seen;

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Counts calls that end before they are finished.
struct Cancelled(Arc<Seen>, bool);

impl Cancelled {
    fn begin(seen: &Arc<Seen>) -> Self {
        seen.begun.fetch_add(1, Ordering::SeqCst);
        Self(seen.clone(), false)
    }
}

impl Drop for Cancelled {
    fn drop(&mut self) {
        if !self.1 {
            self.0.cancelled.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[derive(Clone)]
pub struct OnlineChat(pub Arc<Seen>);

/// Gives back what came, under names of its own.
fn reflect(came: &MetadataMap, answer: &mut MetadataMap) {
    for name in [
        "x-beseda-client-address",
        "x-beseda-account",
        "origin",
        "traceparent",
        "grpc-timeout",
        "accept-language",
        "authorization",
        "x-request-id",
    ] {
        if let Some(value) = came.get(name) {
            answer.insert(
                tonic::metadata::MetadataKey::from_bytes(format!("saw-{name}").as_bytes())
                    .expect("a name"),
                value.clone(),
            );
        }
    }
}

#[tonic::async_trait]
impl VisitorService for OnlineChat {
    type WatchVisitorStream = Answers<WatchVisitorResponse>;

    async fn mark_read(&self, request: Request<MarkReadRequest>) -> Answer<MarkReadResponse> {
        let mut call = Cancelled::begin(&self.0);
        let mut response = Response::new(MarkReadResponse::default());
        reflect(request.metadata(), response.metadata_mut());
        match request.get_ref().thread_id.as_str() {
            "stuck" => std::future::pending().await,
            "slow" => {
                Clock::system()
                    .sleep(std::time::Duration::from_millis(500))
                    .await;
            }
            "refused" => {
                call.1 = true;
                return Err(Refusal::conversation_closed("conv_1").into());
            }
            _ => {}
        }
        call.1 = true;
        Ok(response)
    }

    async fn upload_visitor_file_part(
        &self,
        _: Request<UploadVisitorFilePartRequest>,
    ) -> Answer<UploadVisitorFilePartResponse> {
        Err(Status::unimplemented("not in these tests"))
    }

    type DownloadVisitorFileStream = Answers<DownloadVisitorFileResponse>;

    /// Gives who asked, and from where, as the file's contents.
    async fn download_visitor_file(
        &self,
        request: Request<DownloadVisitorFileRequest>,
    ) -> Answer<Self::DownloadVisitorFileStream> {
        use download_visitor_file_response::Part;
        let said = ["authorization", "x-beseda-client-address", "origin"].map(|name| {
            let value = request.metadata().get(name);
            value
                .map_or("", |value| value.to_str().expect("text"))
                .to_owned()
        });
        let wanted = request.get_ref();
        if wanted.attachment_id != "att_1" {
            return Err(Refusal::attachment_not_found(&wanted.attachment_id).into());
        }
        let contents = format!("{}, preview {}", said.join(", "), wanted.preview);
        let header = DownloadHeader {
            media_type: "image/png".to_owned(),
            total_size: contents.len() as i64,
            etag: "e".to_owned(),
            ..DownloadHeader::default()
        };
        let parts = [Part::Header(header), Part::Chunk(contents.into_bytes())];
        let parts = parts.map(|part| Ok(DownloadVisitorFileResponse { part: Some(part) }));
        Ok(Response::new(Box::pin(stream::iter(parts))))
    }

    async fn watch_visitor(
        &self,
        request: Request<WatchVisitorRequest>,
    ) -> Answer<Self::WatchVisitorStream> {
        let count = request.get_ref().after_seq;
        let mut call = Cancelled::begin(&self.0);
        let seen = self.0.clone();
        let text = if count > 0 {
            "x".repeat(64 * 1024)
        } else {
            String::new()
        };
        let messages = stream::iter(0..count).map(move |seq| {
            seen.sent.fetch_add(1, Ordering::SeqCst);
            let message = VisitorMessage {
                seq,
                text: text.clone(),
                ..VisitorMessage::default()
            };
            Ok(WatchVisitorResponse {
                event: Some(watch_visitor_response::Event::Message(message)),
            })
        });
        let heartbeat = stream::once(async {
            Ok(WatchVisitorResponse {
                event: Some(watch_visitor_response::Event::Heartbeat(
                    VisitorHeartbeat {},
                )),
            })
        });
        // 0 means: a sign of life, then silence.
        let rest: Answers<WatchVisitorResponse> = if count == 0 {
            Box::pin(heartbeat.chain(stream::pending()))
        } else {
            Box::pin(messages)
        };
        let end = stream::once(async move {
            call.1 = true;
            drop(call);
            None
        });
        Ok(Response::new(Box::pin(
            rest.map(Some).chain(end).filter_map(std::future::ready),
        )))
    }

    async fn start_visitor_session(
        &self,
        _: Request<StartVisitorSessionRequest>,
    ) -> Answer<StartVisitorSessionResponse> {
        Ok(Response::new(StartVisitorSessionResponse::default()))
    }

    async fn list_visitor_conversations(
        &self,
        _: Request<ListVisitorConversationsRequest>,
    ) -> Answer<ListVisitorConversationsResponse> {
        Err(Status::unimplemented("not here"))
    }

    async fn list_visitor_messages(
        &self,
        request: Request<ListVisitorMessagesRequest>,
    ) -> Answer<ListVisitorMessagesResponse> {
        let text = "x".repeat(usize::try_from(request.get_ref().page_size).unwrap_or_default());
        let message = VisitorMessage {
            text,
            ..VisitorMessage::default()
        };
        Ok(Response::new(ListVisitorMessagesResponse {
            messages: vec![message],
            has_more: false,
        }))
    }

    async fn send_visitor_message(
        &self,
        request: Request<SendVisitorMessageRequest>,
    ) -> Answer<SendVisitorMessageResponse> {
        let message = VisitorMessage {
            text: request.into_inner().text,
            ..VisitorMessage::default()
        };
        Ok(Response::new(SendVisitorMessageResponse {
            message: Some(message),
            conversation: None,
        }))
    }

    async fn finish_conversation(
        &self,
        _: Request<FinishConversationRequest>,
    ) -> Answer<FinishConversationResponse> {
        Err(Status::unimplemented("not here"))
    }
}

pub const PLACED: &str = "och_00000000000000000000000001";
pub const LOCKED: &str = "och_00000000000000000000000002";
pub const ANYWHERE: &str = "och_00000000000000000000000003";

#[tonic::async_trait]
impl EmbeddingService for OnlineChat {
    async fn get_embedding(
        &self,
        request: Request<GetEmbeddingRequest>,
    ) -> Answer<GetEmbeddingResponse> {
        self.0.embeddings.fetch_add(1, Ordering::SeqCst);
        let (origin, locked) = match request.get_ref().online_chat_id.as_str() {
            PLACED => ("https://shop.example", false),
            LOCKED => ("", true),
            ANYWHERE => ("", false),
            other => return Err(Refusal::online_chat_not_found(other).into()),
        };
        Ok(Response::new(GetEmbeddingResponse {
            site_origin: origin.to_owned(),
            locked,
            on_landing_site: false,
        }))
    }

    async fn get_landing_site(
        &self,
        request: Request<GetLandingSiteRequest>,
    ) -> Answer<GetLandingSiteResponse> {
        let site = LandingSite {
            name: "Окна".to_owned(),
            ..LandingSite::default()
        };
        let has_one = request.get_ref().online_chat_id == PLACED;
        Ok(Response::new(GetLandingSiteResponse {
            landing_site: has_one.then_some(site),
        }))
    }
}

pub struct Hub;

#[tonic::async_trait]
impl ConnectorHubService for Hub {
    type DownloadMediaStream =
        Pin<Box<dyn Stream<Item = Result<DownloadMediaResponse, Status>> + Send>>;

    async fn upload_media(
        &self,
        _: Request<Streaming<UploadMediaRequest>>,
    ) -> Result<Response<UploadMediaResponse>, Status> {
        Err(Status::unimplemented("not in these tests"))
    }

    async fn upload_media_part(
        &self,
        _: Request<UploadMediaPartRequest>,
    ) -> Result<Response<UploadMediaPartResponse>, Status> {
        Err(Status::unimplemented("not in these tests"))
    }

    async fn download_media(
        &self,
        _: Request<DownloadMediaRequest>,
    ) -> Result<Response<Self::DownloadMediaStream>, Status> {
        Err(Status::unimplemented("not in these tests"))
    }

    async fn report_picture(
        &self,
        _: Request<api::connector::v1::ReportPictureRequest>,
    ) -> Answer<api::connector::v1::ReportPictureResponse> {
        Err(Status::unimplemented("not in these tests"))
    }

    async fn report_templates(
        &self,
        _: Request<api::connector::v1::ReportTemplatesRequest>,
    ) -> Answer<api::connector::v1::ReportTemplatesResponse> {
        Err(Status::unimplemented("not in these tests"))
    }

    async fn resolve_chats(
        &self,
        _: Request<api::connector::v1::ResolveChatsRequest>,
    ) -> Answer<api::connector::v1::ResolveChatsResponse> {
        Err(Status::unimplemented("not in these tests"))
    }

    type WatchConnectionsStream = Answers<WatchConnectionsResponse>;
    type PublishStreamStream = Answers<PublishStreamResponse>;
    type TakeDeliveriesStream = Answers<TakeDeliveriesResponse>;

    async fn register_connector(
        &self,
        request: Request<RegisterConnectorRequest>,
    ) -> Answer<RegisterConnectorResponse> {
        let mut response = Response::new(RegisterConnectorResponse::default());
        reflect(request.metadata(), response.metadata_mut());
        Ok(response)
    }

    async fn watch_connections(
        &self,
        _: Request<WatchConnectionsRequest>,
    ) -> Answer<Self::WatchConnectionsStream> {
        Ok(Response::new(Box::pin(stream::pending())))
    }

    async fn publish(&self, _: Request<PublishRequest>) -> Answer<PublishResponse> {
        Ok(Response::new(PublishResponse::default()))
    }

    /// One answer for each batch, with a result for each event.
    async fn publish_stream(
        &self,
        request: Request<Streaming<PublishStreamRequest>>,
    ) -> Answer<Self::PublishStreamStream> {
        let answers = request.into_inner().map(|batch| {
            let results = batch?
                .events
                .iter()
                .map(|_| PublishResult::default())
                .collect();
            Ok(PublishStreamResponse { results })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn take_deliveries(
        &self,
        _: Request<TakeDeliveriesRequest>,
    ) -> Answer<Self::TakeDeliveriesStream> {
        Err(Status::unimplemented("not here"))
    }

    async fn report_deliveries(
        &self,
        _: Request<ReportDeliveriesRequest>,
    ) -> Answer<ReportDeliveriesResponse> {
        Err(Status::unimplemented("not here"))
    }

    async fn report_health(&self, _: Request<ReportHealthRequest>) -> Answer<ReportHealthResponse> {
        Err(Status::unimplemented("not here"))
    }

    async fn list_chat_messages(
        &self,
        _: Request<ListChatMessagesRequest>,
    ) -> Answer<ListChatMessagesResponse> {
        Err(Status::unimplemented("not here"))
    }

    async fn list_chat_conversations(
        &self,
        _: Request<ListChatConversationsRequest>,
    ) -> Answer<ListChatConversationsResponse> {
        Err(Status::unimplemented("not here"))
    }
}

#[derive(Clone)]
pub struct Identity(pub Arc<Seen>);

/// The key that identity knows.
pub const API_KEY: &str = "bsk_known";

pub fn api_key_id() -> ApiKeyId {
    ApiKeyId::from(uuid::Uuid::from_u128(77))
}

#[tonic::async_trait]
impl IdentityInternalService for Identity {
    async fn get_jwks(&self, _: Request<GetJwksRequest>) -> Answer<GetJwksResponse> {
        Ok(Response::new(GetJwksResponse {
            jwks_json: super::jwks(),
        }))
    }

    async fn issue_service_token(
        &self,
        request: Request<IssueServiceTokenRequest>,
    ) -> Answer<IssueServiceTokenResponse> {
        let access_token = super::sign(auth::Principal::Service {
            name: request.into_inner().service,
        });
        let end = Clock::system().now() + auth::token::LIFE;
        Ok(Response::new(IssueServiceTokenResponse {
            access_token,
            access_expire_time: Some(kit::time::to_proto(end)),
        }))
    }

    async fn record_erasure(
        &self,
        _: Request<RecordErasureRequest>,
    ) -> Answer<RecordErasureResponse> {
        Err(Status::unimplemented("not in these tests"))
    }

    async fn exchange_api_key(
        &self,
        request: Request<ExchangeApiKeyRequest>,
    ) -> Answer<ExchangeApiKeyResponse> {
        if !request.metadata().contains_key("authorization") {
            // As the real one: it answers our own services only.
            return Err(Refusal::token_missing().into());
        }
        self.0.exchanges.fetch_add(1, Ordering::SeqCst);
        let ended = self
            .0
            .ended
            .lock()
            .expect("no panic")
            .contains(&api_key_id().uuid());
        if request.get_ref().secret != API_KEY || ended {
            return Err(Refusal::credentials_invalid().into());
        }
        let end = Clock::system().now() + auth::token::LIFE;
        Ok(Response::new(ExchangeApiKeyResponse {
            access_token: super::program(api_key_id()),
            access_expire_time: Some(kit::time::to_proto(end)),
        }))
    }

    async fn list_revocations(
        &self,
        _: Request<ListRevocationsRequest>,
    ) -> Answer<ListRevocationsResponse> {
        let ended = self.0.ended.lock().expect("no panic");
        Ok(Response::new(ListRevocationsResponse {
            subject_ids: ended.iter().map(|id| id.as_bytes().to_vec()).collect(),
            cursor: i64::try_from(ended.len()).unwrap_or_default(),
        }))
    }

    async fn get_account_state(
        &self,
        _: Request<GetAccountStateRequest>,
    ) -> Answer<GetAccountStateResponse> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_account_rights(
        &self,
        _: Request<GetAccountRightsRequest>,
    ) -> Answer<GetAccountRightsResponse> {
        Err(Status::unimplemented("not here"))
    }
}

#[tonic::async_trait]
impl SessionService for Identity {
    async fn log_in(&self, _: Request<LogInRequest>) -> Answer<LogInResponse> {
        Ok(Response::new(LogInResponse::default()))
    }

    async fn refresh_session(
        &self,
        _: Request<RefreshSessionRequest>,
    ) -> Answer<RefreshSessionResponse> {
        Ok(Response::new(RefreshSessionResponse::default()))
    }

    async fn begin_crm_session(
        &self,
        _: Request<api::identity::v1::BeginCrmSessionRequest>,
    ) -> Answer<api::identity::v1::BeginCrmSessionResponse> {
        Err(Status::unimplemented("not here"))
    }

    async fn log_out(&self, _: Request<LogOutRequest>) -> Answer<LogOutResponse> {
        Err(Status::unimplemented("not here"))
    }

    async fn issue_client_token(
        &self,
        _: Request<IssueClientTokenRequest>,
    ) -> Answer<IssueClientTokenResponse> {
        Ok(Response::new(IssueClientTokenResponse::default()))
    }

    async fn get_caller(&self, request: Request<GetCallerRequest>) -> Answer<GetCallerResponse> {
        let mut response = Response::new(GetCallerResponse::default());
        reflect(request.metadata(), response.metadata_mut());
        Ok(response)
    }

    async fn list_sessions(&self, _: Request<ListSessionsRequest>) -> Answer<ListSessionsResponse> {
        Err(Status::unimplemented("not here"))
    }

    async fn kill_session(&self, _: Request<KillSessionRequest>) -> Answer<KillSessionResponse> {
        Err(Status::unimplemented("not here"))
    }
}
