//! A strict double of conversations: `ConnectionService` and `ConnectorHubService` as their contracts say, in memory.

mod files;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use api::connector::v1 as wire;
use api::connector::v1::channel_event::Event;
use api::connector::v1::connector_hub_service_server::{
    ConnectorHubService, ConnectorHubServiceServer,
};
use api::connector::v1::list_chat_messages_request::Position;
use api::connector::v1::{
    ChatConversation, ChatMessage, DeliveryOutcome, PublishOutcome, PublishResult,
};
use api::conversations::v1::connection_service_server::{
    ConnectionService, ConnectionServiceServer,
};
use api::conversations::v1::{
    Connection, ConversationMode, CreateConnectionRequest, CreateConnectionResponse,
    GetConnectionRequest, GetConnectionResponse, ListConnectionsRequest, ListConnectionsResponse,
    ListConnectorsRequest, ListConnectorsResponse, UpdateConnectionRequest,
    UpdateConnectionResponse,
};
use auth::{AuthLayer, Caller, Verifier};
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use kit::Refusal;
use kit::lifecycle::Lifecycle;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::{Request, Response, Status, Streaming};
use types::{Clock, ConnectionId, ConversationId, DeliveryId, MessageId};

type ChatKey = (String, String);

#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    world: Mutex<World>,
    /// Counts changes, for streams.
    changed: watch::Sender<u64>,
    redis: redis::Client,
    clock: Clock,
    /// So many calls fail with STORE_UNAVAILABLE.
    failing: AtomicU32,
    /// Calls of ListChatMessages.
    pub reads: AtomicU32,
}

#[derive(Default)]
struct World {
    registered: bool,
    connections: Vec<Connection>,
    requests: HashMap<String, (CreateConnectionRequest, Connection)>,
    chats: HashMap<ChatKey, Chat>,
    events: HashMap<(String, String), PublishResult>,
    received: Vec<wire::ChannelEvent>,
    deliveries: VecDeque<Delivery>,
    files: Vec<files::File>,
    numbers: i64,
}

#[derive(Default)]
struct Chat {
    messages: Vec<(ConversationId, ChatMessage)>,
    conversations: Vec<(ConversationId, ChatConversation)>,
}

struct Delivery {
    delivery: wire::Delivery,
    leased: bool,
    outcome: DeliveryOutcome,
}

impl Hub {
    pub async fn start(
        identity: &str,
        redis: redis::Client,
        clock: Clock,
        life: &Lifecycle,
    ) -> (Self, String) {
        let hub = Self(Arc::new(Inner {
            world: Mutex::default(),
            changed: watch::Sender::new(0),
            redis,
            clock: clock.clone(),
            failing: AtomicU32::new(0),
            reads: AtomicU32::new(0),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let identity = kit::channel(identity).expect("an address");
        let auth = AuthLayer::new(Verifier::new(identity, clock, life));
        let server = kit::server::Server::new("conversations")
            .expect("a server")
            .service(ConnectorHubServiceServer::new(hub.clone()))
            .service(ConnectionServiceServer::new(hub.clone()));
        let serving = life.clone();
        life.spawn("hub", async move {
            server
                .serve(listener, auth, serving)
                .await
                .expect("the hub serves");
        });
        (hub, address)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().expect("no panic in the double")
    }

    fn change(&self) {
        self.0.changed.send_modify(|changes| *changes += 1);
    }

    /// Waits until the connector has said who it is.
    pub async fn registered(&self) {
        let registered = async || self.world().registered.then_some(());
        testkit::wait_for("the connector registers", registered).await;
    }

    /// The next `calls` calls fail.
    pub fn fail(&self, calls: u32) {
        self.0.failing.store(calls, Ordering::SeqCst);
    }

    pub fn reads(&self) -> u32 {
        self.0.reads.load(Ordering::SeqCst)
    }

    fn check_failing(&self) -> Result<(), Refusal> {
        let left = self
            .0
            .failing
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |calls| {
                calls.checked_sub(1)
            });
        left.map_or(Ok(()), |_| {
            Err(Refusal::store_unavailable(anyhow::anyhow!("on purpose")))
        })
    }

    pub fn connections(&self) -> Vec<Connection> {
        self.world().connections.clone()
    }

    /// What the connector brought.
    pub fn received(&self) -> Vec<wire::ChannelEvent> {
        self.world().received.clone()
    }

    pub fn outcomes(&self) -> Vec<DeliveryOutcome> {
        self.world()
            .deliveries
            .iter()
            .map(|delivery| delivery.outcome)
            .collect()
    }

    /// An employee answers in the newest open conversation of a visitor's thread.
    pub async fn answer(&self, visitor: &str, thread: &str, text: &str) {
        let key = {
            let mut world = self.world();
            let (key, chat) = world
                .chats
                .iter_mut()
                .find(|(key, _)| key.1 == visitor)
                .expect("the visitor has written");
            let key = key.clone();
            let place = chat
                .conversations
                .iter_mut()
                .find(|(_, it)| it.open && it.external_thread_id == thread);
            let (conversation, shown) = place.expect("an open conversation");
            let message = ChatMessage {
                id: MessageId::generate().to_string(),
                seq: chat.messages.len() as i64 + 1,
                author_name: "Анна Иванова".to_owned(),
                text: text.to_owned(),
                create_time: Some(kit::time::to_proto(self.0.clock.now())),
                external_thread_id: thread.to_owned(),
                ..ChatMessage::default()
            };
            shown.last_seq = message.seq;
            shown.last_text = text.to_owned();
            shown.unread_count += 1;
            let delivery = wire::Delivery {
                id: DeliveryId::generate().to_string(),
                connection_id: key.0.clone(),
                external_chat_id: key.1.clone(),
                external_thread_id: thread.to_owned(),
                lease_token: 17,
                attempt: 1,
                message_id: message.id.clone(),
                seq: message.seq,
                text: text.to_owned(),
                author_name: message.author_name.clone(),
                ..wire::Delivery::default()
            };
            chat.messages.push((*conversation, message));
            let outcome = DeliveryOutcome::Unspecified;
            world.deliveries.push_back(Delivery {
                delivery,
                leased: false,
                outcome,
            });
            key
        };
        self.change();
        self.hint(&key).await;
    }

    /// An employee closes a visitor's conversation.
    pub async fn close(&self, visitor: &str, thread: &str) {
        let key = {
            let mut world = self.world();
            let (key, chat) = world
                .chats
                .iter_mut()
                .find(|(key, _)| key.1 == visitor)
                .expect("the visitor has written");
            chat.close(thread);
            key.clone()
        };
        self.hint(&key).await;
    }

    async fn hint(&self, (connection, chat): &ChatKey) {
        if let Ok(mut redis) = self.0.redis.get_multiplexed_async_connection().await {
            let channel = format!("hub:chat:{connection}:{chat}");
            let _ = redis::cmd("PUBLISH")
                .arg(channel)
                .arg("")
                .query_async::<()>(&mut redis)
                .await;
        }
    }

    fn take(&self) -> Vec<wire::Delivery> {
        let mut world = self.world();
        let free = world
            .deliveries
            .iter_mut()
            .filter(|delivery| !delivery.leased);
        free.map(|delivery| {
            delivery.leased = true;
            delivery.delivery.clone()
        })
        .collect()
    }
}

impl Chat {
    fn close(&mut self, thread: &str) {
        for (_, conversation) in &mut self.conversations {
            if conversation.external_thread_id == thread {
                conversation.open = false;
            }
        }
    }
}

impl World {
    fn apply(&mut self, event: &wire::ChannelEvent, now: prost_types::Timestamp) -> PublishResult {
        self.received.push(event.clone());
        let refused = |reason: &str| PublishResult {
            outcome: PublishOutcome::Refused.into(),
            reason: reason.to_owned(),
            ..PublishResult::default()
        };
        let Some(connection) = self
            .connections
            .iter()
            .find(|known| known.id == event.connection_id)
        else {
            return refused("CONNECTION_NOT_FOUND");
        };
        let mode = connection.conversation_mode();
        if !connection.enabled {
            return refused("CONNECTION_DISABLED");
        }
        if event.external_event_id.is_empty() || event.external_event_id.len() > 200 {
            return refused("FIELD_INVALID");
        }
        let id = (event.connection_id.clone(), event.external_event_id.clone());
        if let Some(before) = self.events.get(&id) {
            return PublishResult {
                outcome: PublishOutcome::Duplicate.into(),
                ..before.clone()
            };
        }
        let thread = match mode {
            ConversationMode::Multiple => event.external_thread_id.clone(),
            _ => String::new(),
        };
        let key = (event.connection_id.clone(), event.external_chat_id.clone());
        let Some(attachments) = files::of_event(&self.files, &key, event) else {
            return refused("ATTACHMENT_NOT_FOUND");
        };
        let chat = self.chats.entry(key).or_default();
        let result = match event.event.as_ref().expect("an event") {
            Event::Message(message) => {
                let result = chat.write(mode, &thread, event, message, now, &mut self.numbers);
                let stored = chat.messages.last_mut().expect("it was written");
                stored.1.attachments = attachments;
                result
            }
            Event::Finished(_) => {
                chat.close(&thread);
                PublishResult {
                    outcome: PublishOutcome::Accepted.into(),
                    ..PublishResult::default()
                }
            }
            Event::Read(read) => {
                for (_, conversation) in &mut chat.conversations {
                    if conversation.external_thread_id == thread
                        && conversation.last_seq <= read.seq
                    {
                        conversation.unread_count = 0;
                    }
                }
                PublishResult {
                    outcome: PublishOutcome::Accepted.into(),
                    ..PublishResult::default()
                }
            }
            other => panic!("visitors do nothing of this kind: {other:?}"),
        };
        self.events.insert(id, result.clone());
        result
    }
}

impl Chat {
    fn write(
        &mut self,
        mode: ConversationMode,
        thread: &str,
        event: &wire::ChannelEvent,
        message: &wire::IncomingMessage,
        now: prost_types::Timestamp,
        numbers: &mut i64,
    ) -> PublishResult {
        let reopens = mode == ConversationMode::OneActive;
        let place = self
            .conversations
            .iter()
            .position(|(_, it)| it.external_thread_id == thread && (it.open || reopens));
        let place = place.unwrap_or_else(|| {
            *numbers += 1;
            let conversation = ChatConversation {
                number: *numbers,
                external_thread_id: thread.to_owned(),
                ..ChatConversation::default()
            };
            self.conversations
                .push((ConversationId::generate(), conversation));
            self.conversations.len() - 1
        });
        let seq = self.messages.len() as i64 + 1;
        let (id, conversation) = &mut self.conversations[place];
        conversation.id = id.to_string();
        conversation.open = true;
        conversation.last_seq = seq;
        conversation.last_text = message.text.chars().take(200).collect();
        conversation.update_time = Some(now);
        let stored = ChatMessage {
            id: MessageId::generate().to_string(),
            seq,
            external_event_id: event.external_event_id.clone(),
            from_client: true,
            author_name: message.sender_name.clone(),
            text: message.text.clone(),
            create_time: Some(now),
            external_thread_id: thread.to_owned(),
            automatic: false,
            ..ChatMessage::default()
        };
        let result = PublishResult {
            outcome: PublishOutcome::Accepted.into(),
            conversation_id: id.to_string(),
            conversation_number: conversation.number,
            message_id: stored.id.clone(),
            seq,
            create_time: Some(now),
            ..PublishResult::default()
        };
        self.messages.push((*id, stored));
        result
    }
}

/// What a stream of connections tells after what it told before.
fn steps(
    now: &[Connection],
    told: Option<&Vec<Connection>>,
) -> Vec<wire::watch_connections_response::Event> {
    use wire::watch_connections_response::Event as Step;
    let is_news = |it: &&Connection| told.is_none_or(|told| !told.contains(it));
    let news = now.iter().filter(is_news).map(|connection| {
        Step::Connection(wire::ConnectorConnection {
            id: connection.id.clone(),
            external_id: connection.external_id.clone(),
            title: connection.title.clone(),
            enabled: connection.enabled,
            ..wire::ConnectorConnection::default()
        })
    });
    let synced = told.is_none().then_some(Step::Synced(wire::Synced {}));
    news.chain(synced).collect()
}

/// Only the connector itself may speak as it.
fn check<T>(request: &Request<T>, key: &str) -> Result<(), Refusal> {
    Caller::of(request)?.connector(key).map(|_| ())
}

#[tonic::async_trait]
impl ConnectorHubService for Hub {
    async fn register_connector(
        &self,
        request: Request<wire::RegisterConnectorRequest>,
    ) -> Result<Response<wire::RegisterConnectorResponse>, Status> {
        let manifest = request.get_ref().manifest.clone().unwrap_or_default();
        check(&request, &manifest.key)?;
        assert!(
            !manifest.title.is_empty()
                && manifest.max_text_length == 4096
                && manifest.reports_read
                && manifest.media.len() == 5
        );
        self.world().registered = true;
        Ok(Response::new(wire::RegisterConnectorResponse {}))
    }

    async fn report_picture(
        &self,
        _: Request<wire::ReportPictureRequest>,
    ) -> Result<Response<wire::ReportPictureResponse>, Status> {
        Err(Status::unimplemented("visitors show no pictures"))
    }

    async fn report_templates(
        &self,
        _: Request<wire::ReportTemplatesRequest>,
    ) -> Result<Response<wire::ReportTemplatesResponse>, Status> {
        Err(Status::unimplemented("the online chat has no templates"))
    }

    async fn resolve_chats(
        &self,
        _: Request<wire::ResolveChatsRequest>,
    ) -> Result<Response<wire::ResolveChatsResponse>, Status> {
        Err(Status::unimplemented("visitors have one id"))
    }

    async fn upload_media(
        &self,
        _: Request<tonic::Streaming<wire::UploadMediaRequest>>,
    ) -> Result<Response<wire::UploadMediaResponse>, Status> {
        Err(Status::unimplemented("visitors bring no files"))
    }

    async fn upload_media_part(
        &self,
        request: Request<wire::UploadMediaPartRequest>,
    ) -> Result<Response<wire::UploadMediaPartResponse>, Status> {
        self.check_failing()?;
        let header = request.get_ref().header.clone().expect("a header");
        check(&request, &header.connector_key)?;
        let taken = files::take_part(&mut self.world().files, header, request.into_inner())?;
        Ok(Response::new(taken))
    }

    type DownloadMediaStream = BoxStream<'static, Result<wire::DownloadMediaResponse, Status>>;

    async fn download_media(
        &self,
        request: Request<wire::DownloadMediaRequest>,
    ) -> Result<Response<Self::DownloadMediaStream>, Status> {
        check(&request, &request.get_ref().connector_key)?;
        let parts = files::give(&self.world().files, request.get_ref())?;
        Ok(Response::new(stream::iter(parts).boxed()))
    }

    type WatchConnectionsStream =
        BoxStream<'static, Result<wire::WatchConnectionsResponse, Status>>;

    async fn watch_connections(
        &self,
        request: Request<wire::WatchConnectionsRequest>,
    ) -> Result<Response<Self::WatchConnectionsStream>, Status> {
        check(&request, &request.get_ref().connector_key)?;
        let begun = (self.clone(), self.0.changed.subscribe(), None);
        let news = stream::unfold(begun, |(hub, mut changes, told)| async move {
            loop {
                let now = hub.connections();
                let steps = steps(&now, told.as_ref());
                if !steps.is_empty() {
                    return Some((steps, (hub, changes, Some(now))));
                }
                changes.changed().await.ok()?;
            }
        });
        let steps = news
            .flat_map(stream::iter)
            .map(|event| Ok(wire::WatchConnectionsResponse { event: Some(event) }));
        Ok(Response::new(steps.boxed()))
    }

    async fn publish(
        &self,
        request: Request<wire::PublishRequest>,
    ) -> Result<Response<wire::PublishResponse>, Status> {
        check(&request, &request.get_ref().connector_key)?;
        self.check_failing()?;
        let now = kit::time::to_proto(self.0.clock.now());
        let events = request.into_inner().events;
        assert!((1..=500).contains(&events.len()));
        let results = {
            let mut world = self.world();
            events.iter().map(|event| world.apply(event, now)).collect()
        };
        for event in events {
            self.hint(&(event.connection_id, event.external_chat_id))
                .await;
        }
        Ok(Response::new(wire::PublishResponse { results }))
    }

    type PublishStreamStream = BoxStream<'static, Result<wire::PublishStreamResponse, Status>>;

    async fn publish_stream(
        &self,
        _: Request<Streaming<wire::PublishStreamRequest>>,
    ) -> Result<Response<Self::PublishStreamStream>, Status> {
        Err(Refusal::method_unknown().into())
    }

    type TakeDeliveriesStream = BoxStream<'static, Result<wire::TakeDeliveriesResponse, Status>>;

    async fn take_deliveries(
        &self,
        request: Request<wire::TakeDeliveriesRequest>,
    ) -> Result<Response<Self::TakeDeliveriesStream>, Status> {
        check(&request, &request.get_ref().connector_key)?;
        let changes = self.0.changed.subscribe();
        let deliveries = stream::unfold((self.clone(), changes), |(hub, mut changes)| async move {
            loop {
                let taken = hub.take();
                if !taken.is_empty() {
                    return Some((taken, (hub, changes)));
                }
                changes.changed().await.ok()?;
            }
        });
        let steps = deliveries.flat_map(stream::iter).map(|delivery| {
            let event = wire::take_deliveries_response::Event::Delivery(delivery);
            Ok(wire::TakeDeliveriesResponse { event: Some(event) })
        });
        Ok(Response::new(steps.boxed()))
    }

    async fn report_deliveries(
        &self,
        request: Request<wire::ReportDeliveriesRequest>,
    ) -> Result<Response<wire::ReportDeliveriesResponse>, Status> {
        check(&request, &request.get_ref().connector_key)?;
        let mut world = self.world();
        let results = request.into_inner().reports.into_iter().map(|report| {
            let outcome = report.outcome();
            let known = world
                .deliveries
                .iter_mut()
                .find(|known| known.delivery.id == report.delivery_id);
            let Some(known) = known else {
                return wire::ReportResult {
                    reason: "DELIVERY_NOT_FOUND".to_owned(),
                };
            };
            let lease = match outcome {
                DeliveryOutcome::Delivered | DeliveryOutcome::Read => 0,
                _ => known.delivery.lease_token,
            };
            assert_eq!(report.lease_token, lease, "{outcome:?}");
            match outcome {
                DeliveryOutcome::Sending => {}
                // Handed out before its connection was known.
                DeliveryOutcome::Retry => known.leased = false,
                _ if outcome as i32 > known.outcome as i32 => known.outcome = outcome,
                _ => {}
            }
            wire::ReportResult::default()
        });
        let results = results.collect();
        drop(world);
        self.change();
        Ok(Response::new(wire::ReportDeliveriesResponse { results }))
    }

    async fn report_health(
        &self,
        request: Request<wire::ReportHealthRequest>,
    ) -> Result<Response<wire::ReportHealthResponse>, Status> {
        check(&request, &request.get_ref().connector_key)?;
        Ok(Response::new(wire::ReportHealthResponse {}))
    }

    async fn list_chat_messages(
        &self,
        request: Request<wire::ListChatMessagesRequest>,
    ) -> Result<Response<wire::ListChatMessagesResponse>, Status> {
        let message = request.get_ref();
        check(&request, &message.connector_key)?;
        self.0.reads.fetch_add(1, Ordering::SeqCst);
        self.check_failing()?;
        assert!((0..=200).contains(&message.page_size));
        let size = if message.page_size == 0 {
            50
        } else {
            message.page_size as usize
        };
        let world = self.world();
        let key = (
            message.connection_id.clone(),
            message.external_chat_id.clone(),
        );
        let thread = &message.external_thread_id;
        let all: Vec<_> = world
            .chats
            .get(&key)
            .map(|chat| &chat.messages[..])
            .unwrap_or_default()
            .iter()
            .map(|(_, message)| message.clone())
            .filter(|message| thread.is_empty() || message.external_thread_id == *thread)
            .collect();
        let (mut messages, backwards): (Vec<_>, bool) = match message.position {
            Some(Position::AfterSeq(after)) => {
                (all.into_iter().filter(|it| it.seq > after).collect(), false)
            }
            Some(Position::BeforeSeq(before)) => {
                (all.into_iter().filter(|it| it.seq < before).collect(), true)
            }
            None => (all, true),
        };
        let has_more = messages.len() > size;
        if backwards {
            messages.drain(..messages.len().saturating_sub(size));
        } else {
            messages.truncate(size);
        }
        Ok(Response::new(wire::ListChatMessagesResponse {
            messages,
            has_more,
        }))
    }

    async fn list_chat_conversations(
        &self,
        request: Request<wire::ListChatConversationsRequest>,
    ) -> Result<Response<wire::ListChatConversationsResponse>, Status> {
        let message = request.get_ref();
        check(&request, &message.connector_key)?;
        self.check_failing()?;
        let world = self.world();
        let key = (
            message.connection_id.clone(),
            message.external_chat_id.clone(),
        );
        let mut conversations: Vec<_> = world
            .chats
            .get(&key)
            .map(|chat| &chat.conversations[..])
            .unwrap_or_default()
            .iter()
            .map(|(_, conversation)| conversation.clone())
            .filter(|conversation| message.include_closed || conversation.open)
            .collect();
        conversations.sort_by_key(|conversation| -conversation.last_seq);
        Ok(Response::new(wire::ListChatConversationsResponse {
            conversations,
        }))
    }
}

#[tonic::async_trait]
impl ConnectionService for Hub {
    async fn create_connection(
        &self,
        request: Request<CreateConnectionRequest>,
    ) -> Result<Response<CreateConnectionResponse>, Status> {
        Caller::of(&request)?.require_administrator()?;
        self.check_failing()?;
        let request = request.into_inner();
        let mut world = self.world();
        if !world.registered {
            return Err(Refusal::connector_not_found("onlinechat").into());
        }
        let request_id = request.request_id.clone();
        if let Some((before, connection)) = world.requests.get(&request_id) {
            return if *before == request {
                Ok(Response::new(CreateConnectionResponse {
                    connection: Some(connection.clone()),
                }))
            } else {
                Err(Refusal::request_id_reused(request_id).into())
            };
        }
        let mut connection = request.connection.clone().expect("a connection");
        assert!(
            world
                .connections
                .iter()
                .all(|known| known.external_id != connection.external_id)
        );
        connection.id = ConnectionId::generate().to_string();
        world.connections.push(connection.clone());
        world
            .requests
            .insert(request_id, (request, connection.clone()));
        drop(world);
        self.change();
        Ok(Response::new(CreateConnectionResponse {
            connection: Some(connection),
        }))
    }

    async fn get_connection(
        &self,
        _: Request<GetConnectionRequest>,
    ) -> Result<Response<GetConnectionResponse>, Status> {
        Err(Refusal::method_unknown().into())
    }

    async fn list_connections(
        &self,
        _: Request<ListConnectionsRequest>,
    ) -> Result<Response<ListConnectionsResponse>, Status> {
        Err(Refusal::method_unknown().into())
    }

    async fn list_connectors(
        &self,
        _: Request<ListConnectorsRequest>,
    ) -> Result<Response<ListConnectorsResponse>, Status> {
        Err(Refusal::method_unknown().into())
    }

    async fn update_connection(
        &self,
        request: Request<UpdateConnectionRequest>,
    ) -> Result<Response<UpdateConnectionResponse>, Status> {
        Caller::of(&request)?.require_administrator()?;
        self.check_failing()?;
        let UpdateConnectionRequest {
            connection,
            update_mask,
        } = request.into_inner();
        let change = connection.expect("a connection");
        assert_eq!(
            update_mask.expect("a mask").paths,
            ["title", "conversation_mode", "enabled"]
        );
        let mut world = self.world();
        let known = world
            .connections
            .iter_mut()
            .find(|known| known.id == change.id);
        let known = known.ok_or_else(|| Refusal::connection_not_found(&change.id))?;
        known.title = change.title;
        known.conversation_mode = change.conversation_mode;
        known.enabled = change.enabled;
        let connection = Some(known.clone());
        drop(world);
        self.change();
        Ok(Response::new(UpdateConnectionResponse { connection }))
    }
}
