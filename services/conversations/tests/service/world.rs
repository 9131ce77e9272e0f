//! The service with what it needs, and actors who call it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use api::connector::v1::channel_event::Event;
use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use api::connector::v1::take_deliveries_response::Event as Taken;
use api::connector::v1::{
    ChannelEvent, ConnectorManifest, Delivery, DeliveryOutcome, DeliveryReport, IncomingMessage,
    MediaRule, PublishRequest, PublishResult, RegisterConnectorRequest, ReportDeliveriesRequest,
    TakeDeliveriesRequest, TakeDeliveriesResponse,
};
use api::conversations::v1::attachment_service_client::AttachmentServiceClient;
use api::conversations::v1::chat_service_client::ChatServiceClient;
use api::conversations::v1::connection_service_client::ConnectionServiceClient;
use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::counter_service_client::CounterServiceClient;
use api::conversations::v1::inbox_service_client::InboxServiceClient;
use api::conversations::v1::search_service_client::SearchServiceClient;
use api::conversations::v1::visibility_service_client::VisibilityServiceClient;
use api::conversations::v1::{
    AttachmentKind, Connection, CreateConnectionRequest, ListMessagesRequest, Message,
    SendMessageRequest, UpdateConnectionRequest,
};
use api::erasure::internal::v1::erasure_store_service_client::ErasureStoreServiceClient;
use api::identity::internal::v1::{AccountMember, AccountRights};
use api::identity::v1 as id;
use auth::{Principal, Role};
use conversations::{App, Config, FilesLocation, IngestConfig, MIGRATIONS};
use kit::lifecycle::Lifecycle;
use prost::Message as _;
use testkit::TestDb;
use time::OffsetDateTime;
use time::macros::datetime;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};
use types::{AccountId, ApiKeyId, Clock, GroupId, SessionId, UserId};

use testkit::identity::{Identity, SECRET};

/// A host of the channel: this machine.
pub const MEDIA_HOST: &str = "media.example.com";
/// The connector of the installation in these tests.
pub const CONNECTOR: &str = "test";
const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
/// Longer than any stream should need; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough for a stream to have looked twice: what has not come by then does not come.
pub const QUIET: Duration = Duration::from_secs(3);

pub struct World {
    pub db: TestDb,
    pub clock: Clock,
    pub identity: Identity,
    /// Tells crm's events.
    pub crm: Identity,
    pub account: AccountId,
    pub admin: String,
    /// The token of the connector of the installation.
    pub connector: String,
    channel: Channel,
    /// Its address.
    pub url: String,
    life: Lifecycle,
    config: Config,
    folder: tempfile::TempDir,
    counter: AtomicU64,
    /// What identity knows of accounts.
    rights: Mutex<HashMap<AccountId, AccountRights>>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.life.stop();
    }
}

async fn run(config: Config, life: &Lifecycle) -> (Channel, String) {
    let app = App::build(config).await.expect("the service is built");
    let url = format!("http://{}", app.addr().expect("bound"));
    let channel = kit::channel(&url).expect("an address");
    let running = life.clone();
    life.spawn("app", async move {
        app.run(running).await.expect("the service runs");
    });
    (channel, url)
}

impl World {
    pub async fn start() -> Self {
        Self::on(testkit::database(&[&MIGRATIONS]).await).await
    }

    pub async fn on(db: TestDb) -> Self {
        let (clock, life) = (Clock::manual(NOW), Lifecycle::new());
        let folder = tempfile::tempdir().expect("a folder");
        let redis_url = db.redis_url().await;
        let (identity, identity_url) = Identity::start("conversations", clock.clone(), &life).await;
        // Of crm only its events are wanted, and the double tells any.
        let (crm, crm_url) = Identity::start("conversations", clock.clone(), &life).await;
        let config = Config {
            listen: "127.0.0.1:0".parse().expect("an address"),
            database_url: db.url(&MIGRATIONS),
            redis_url,
            identity: identity_url,
            crm: crm_url,
            client_checks: Vec::new(),
            service_secret: SECRET.to_owned().into(),
            ingest: IngestConfig::default(),
            files: FilesLocation::Folder(folder.path().to_owned()),
            media_names: vec![(MEDIA_HOST.to_owned(), [127, 0, 0, 1].into())],
            master_key: testkit::master_key(),
            max_connections: 10,
            clock: clock.clone(),
        };
        let (channel, url) = run(config.clone(), &life).await;
        let account = AccountId::generate();
        let connector = identity.token(Principal::Service {
            name: format!("connector-{CONNECTOR}"),
        });
        let counter = AtomicU64::new(0);
        let mut world = Self {
            db,
            clock,
            identity,
            crm,
            account,
            admin: String::new(),
            connector,
            channel,
            url,
            life,
            config,
            folder,
            counter,
            rights: Mutex::default(),
        };
        world.admin = world.administrator_of(account);
        world
            .register(&world.connector, CONNECTOR)
            .await
            .expect("registered");
        world
    }

    /// The hub of a second replica.
    pub async fn another_replica(&self) -> ConnectorHubServiceClient<Channel> {
        let (channel, _) = run(self.config.clone(), &self.life).await;
        ConnectorHubServiceClient::new(channel)
    }

    /// Time passes; who called before gets fresh tokens.
    pub fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
        self.admin = self.administrator_of(self.account);
        self.connector = self.identity.token(Principal::Service {
            name: format!("connector-{CONNECTOR}"),
        });
    }

    pub fn manager(&self) -> String {
        self.member(self.account, Role::Manager, None).0
    }

    pub fn administrator_of(&self, account: AccountId) -> String {
        self.member(account, Role::Administrator, None).0
    }

    /// Adds an employee, whom identity knows from now on; the token and who it is.
    pub fn member(
        &self,
        account: AccountId,
        role: Role,
        group: Option<GroupId>,
    ) -> (String, UserId) {
        let user = UserId::generate();
        let member = AccountMember {
            user_id: user.uuid().as_bytes().to_vec(),
            name: "Мария".to_owned(),
            role: match role {
                Role::Administrator => id::Role::Administrator,
                Role::Manager => id::Role::Manager,
            }
            .into(),
            group_id: group
                .map(|group| group.uuid().as_bytes().to_vec())
                .unwrap_or_default(),
            language: "en".to_owned(),
            active: true,
        };
        self.change_rights(account, |rights| rights.members.push(member));
        (self.token_of(account, user, role, group), user)
    }

    /// A token of a new session of an employee.
    pub fn token_of(
        &self,
        account: AccountId,
        user: UserId,
        role: Role,
        group: Option<GroupId>,
    ) -> String {
        self.identity.token(Principal::Employee {
            account,
            user,
            session: SessionId::generate(),
            role,
            group,
            name: "Мария".to_owned(),
        })
    }

    /// Sets what an employee may, and tells it by an event, as identity does.
    pub fn set_rights(&self, of: UserId, set: id::Rights) {
        let subject = Some(id::RightsSubject {
            subject: Some(id::rights_subject::Subject::UserId(of.to_string())),
        });
        let set = id::Rights {
            subject: subject.clone(),
            ..set
        };
        let rights = self.change_rights(self.account, |rights| {
            rights.rights.retain(|other| other.subject != subject);
            rights.rights.push(set);
        });
        let payload = rights.encode_to_vec();
        self.identity.tell(self.account, "rights.changed", payload);
    }

    /// Sets everything that is set in the account, and tells it by an event; the state after it.
    pub fn set_all_rights(&self, all: Vec<id::Rights>) -> AccountRights {
        let rights = self.change_rights(self.account, |rights| rights.rights = all);
        let payload = rights.encode_to_vec();
        self.identity.tell(self.account, "rights.changed", payload);
        rights
    }

    /// Changes who works in the account, and tells it by an event, as identity does.
    pub fn change_account(&self, change: impl FnOnce(&mut AccountRights)) {
        let rights = self.change_rights(self.account, change);
        let payload = rights.encode_to_vec();
        self.identity.tell(self.account, "rights.changed", payload);
    }

    fn change_rights(
        &self,
        account: AccountId,
        change: impl FnOnce(&mut AccountRights),
    ) -> AccountRights {
        let mut known = self.rights.lock().expect("no panic in the world");
        let rights = known.entry(account).or_insert_with(|| AccountRights {
            account_id: account.uuid().as_bytes().to_vec(),
            ..AccountRights::default()
        });
        change(rights);
        rights.epoch += 1;
        self.identity.know(account, rights.clone());
        rights.clone()
    }

    /// A program of an account with a scope.
    pub fn program(&self, account: AccountId, scope: &str) -> String {
        self.program_with(account, &[scope])
    }

    /// The same with several.
    pub fn program_with(&self, account: AccountId, scopes: &[&str]) -> String {
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        self.identity.token(Principal::Program {
            account,
            key: ApiKeyId::generate(),
            scopes,
        })
    }

    pub fn hub(&self) -> ConnectorHubServiceClient<Channel> {
        ConnectorHubServiceClient::new(self.channel.clone())
    }

    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub fn connections(&self) -> ConnectionServiceClient<Channel> {
        ConnectionServiceClient::new(self.channel.clone())
    }

    pub fn inbox(&self) -> InboxServiceClient<Channel> {
        InboxServiceClient::new(self.channel.clone())
    }

    pub fn counters(&self) -> CounterServiceClient<Channel> {
        CounterServiceClient::new(self.channel.clone())
    }

    pub fn search(&self) -> SearchServiceClient<Channel> {
        SearchServiceClient::new(self.channel.clone())
    }

    pub fn chats(&self) -> ChatServiceClient<Channel> {
        ChatServiceClient::new(self.channel.clone())
    }

    pub fn visibility(&self) -> VisibilityServiceClient<Channel> {
        VisibilityServiceClient::new(self.channel.clone())
    }

    pub fn conversations(&self) -> ConversationServiceClient<Channel> {
        ConversationServiceClient::new(self.channel.clone())
    }

    pub fn erasure(&self) -> ErasureStoreServiceClient<Channel> {
        ErasureStoreServiceClient::new(self.channel.clone())
    }

    /// Where contents of files are kept.
    pub fn files(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn attachments(&self) -> AttachmentServiceClient<Channel> {
        AttachmentServiceClient::new(self.channel.clone())
    }

    /// A number that no other call in this test got.
    pub fn unique(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    pub async fn register(&self, token: &str, key: &str) -> Result<(), Status> {
        let manifest = ConnectorManifest {
            key: key.to_owned(),
            title: "Test".to_owned(),
            media: [
                AttachmentKind::Image,
                AttachmentKind::Document,
                AttachmentKind::Voice,
            ]
            .map(|kind| MediaRule {
                kind: kind.into(),
                ..MediaRule::default()
            })
            .into(),
            media_hosts: vec![MEDIA_HOST.to_owned()],
            ..ConnectorManifest::default()
        };
        let request = RegisterConnectorRequest {
            manifest: Some(manifest),
        };
        self.hub()
            .register_connector(with(token, request))
            .await
            .map(drop)
    }

    pub async fn create(&self, token: &str, connection: Connection) -> Result<Connection, Status> {
        let request = CreateConnectionRequest {
            connection: Some(connection),
            request_id: String::new(),
        };
        let reply = self
            .connections()
            .create_connection(with(token, request))
            .await?;
        Ok(reply.into_inner().connection.expect("a connection"))
    }

    /// A new connection of the installation's connector.
    pub async fn connection(&self) -> Connection {
        self.create(&self.admin, self.new_connection())
            .await
            .expect("created")
    }

    pub fn new_connection(&self) -> Connection {
        Connection {
            connector_key: CONNECTOR.to_owned(),
            title: "Shop".to_owned(),
            external_id: format!("line {}", self.unique()),
            enabled: true,
            ..Connection::default()
        }
    }

    pub async fn switch(&self, connection: &Connection, enabled: bool) {
        let connection = Connection {
            id: connection.id.clone(),
            enabled,
            ..Connection::default()
        };
        let mask = prost_types::FieldMask {
            paths: vec!["enabled".to_owned()],
        };
        let request = UpdateConnectionRequest {
            connection: Some(connection),
            update_mask: Some(mask),
        };
        self.connections()
            .update_connection(with(&self.admin, request))
            .await
            .expect("switched");
    }

    pub async fn publish(&self, events: Vec<ChannelEvent>) -> Result<Vec<PublishResult>, Status> {
        self.publish_as(&self.connector, CONNECTOR, events).await
    }

    pub async fn publish_as(
        &self,
        token: &str,
        key: &str,
        events: Vec<ChannelEvent>,
    ) -> Result<Vec<PublishResult>, Status> {
        let request = PublishRequest {
            connector_key: key.to_owned(),
            events,
        };
        Ok(self
            .hub()
            .publish(with(token, request))
            .await?
            .into_inner()
            .results)
    }

    /// A message of a client.
    pub fn message(&self, connection: &Connection, chat: &str, text: &str) -> ChannelEvent {
        ChannelEvent {
            connection_id: connection.id.clone(),
            external_event_id: format!("event {}", self.unique()),
            external_chat_id: chat.to_owned(),
            event: Some(Event::Message(IncomingMessage {
                text: text.to_owned(),
                ..IncomingMessage::default()
            })),
            ..ChannelEvent::default()
        }
    }

    /// A message of a client who has a name.
    pub fn message_named(&self, connection: &str, chat: &str, name: &str) -> ChannelEvent {
        ChannelEvent {
            connection_id: connection.to_owned(),
            external_event_id: format!("event {}", self.unique()),
            external_chat_id: chat.to_owned(),
            event: Some(Event::Message(IncomingMessage {
                sender_name: name.to_owned(),
                text: "hello".to_owned(),
                ..IncomingMessage::default()
            })),
            ..ChannelEvent::default()
        }
    }

    /// A client writes; the id of the conversation.
    pub async fn conversation(&self, connection: &Connection, chat: &str) -> String {
        let results = self
            .publish(vec![self.message(connection, chat, "hello")])
            .await
            .expect("published");
        assert_eq!(results[0].reason, "");
        results[0].conversation_id.clone()
    }

    /// An employee answers.
    pub async fn answer(&self, conversation: &str, text: &str) -> Message {
        let request = SendMessageRequest {
            conversation_id: conversation.to_owned(),
            text: text.to_owned(),
            ..SendMessageRequest::default()
        };
        let reply = self
            .conversations()
            .send_message(with(&self.admin, request))
            .await
            .expect("sent");
        reply.into_inner().message.expect("a message")
    }

    /// A conversation's messages as an administrator sees them.
    pub async fn messages(&self, conversation: &str) -> Vec<Message> {
        let request = ListMessagesRequest {
            conversation_id: conversation.to_owned(),
            ..ListMessagesRequest::default()
        };
        let reply = self
            .conversations()
            .list_messages(with(&self.admin, request))
            .await
            .expect("listed");
        reply.into_inner().messages
    }

    pub async fn take(&self, max_in_flight: i32) -> Deliveries {
        Deliveries::open(self.hub(), &self.connector, CONNECTOR, max_in_flight).await
    }

    /// Reports deliveries; the reasons of refusals, empty for what was taken.
    pub async fn report(&self, reports: Vec<DeliveryReport>) -> Vec<String> {
        self.report_as(&self.connector, CONNECTOR, reports)
            .await
            .expect("reported")
    }

    pub async fn report_as(
        &self,
        token: &str,
        key: &str,
        reports: Vec<DeliveryReport>,
    ) -> Result<Vec<String>, Status> {
        let request = ReportDeliveriesRequest {
            connector_key: key.to_owned(),
            reports,
        };
        let reply = self
            .hub()
            .report_deliveries(with(token, request))
            .await?
            .into_inner();
        Ok(reply
            .results
            .into_iter()
            .map(|result| result.reason)
            .collect())
    }
}

/// A stream of deliveries.
pub struct Deliveries(Streaming<TakeDeliveriesResponse>);

impl Deliveries {
    pub async fn open(
        mut hub: ConnectorHubServiceClient<Channel>,
        token: &str,
        key: &str,
        max_in_flight: i32,
    ) -> Self {
        let request = TakeDeliveriesRequest {
            connector_key: key.to_owned(),
            max_in_flight,
        };
        Self(
            hub.take_deliveries(with(token, request))
                .await
                .expect("a stream")
                .into_inner(),
        )
    }

    /// The next step of the stream.
    pub async fn step(&mut self) -> Result<Taken, Status> {
        let step = tokio::time::timeout(PATIENCE, self.0.message())
            .await
            .expect("a step in time")?;
        Ok(step.expect("not the end").event.expect("an event"))
    }

    /// The next delivery.
    pub async fn next(&mut self) -> Delivery {
        loop {
            if let Taken::Delivery(delivery) = self.step().await.expect("no error") {
                return delivery;
            }
        }
    }

    /// Nothing comes.
    pub async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(QUIET, self.next()).await.is_err()
    }
}

/// A report about a delivery under its lease.
pub fn report(delivery: &Delivery, outcome: DeliveryOutcome) -> DeliveryReport {
    DeliveryReport {
        delivery_id: delivery.id.clone(),
        lease_token: delivery.lease_token,
        outcome: outcome.into(),
        ..DeliveryReport::default()
    }
}

/// A call with a token.
pub fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().expect("ASCII");
    request.metadata_mut().insert("authorization", value);
    request
}

/// Code, reason, metadata and fields of a refusal, in one line.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
    use tonic_types::StatusExt;
    let status = result.expect_err("refused");
    let details = status.get_error_details();
    let info = details.error_info().expect("a reason");
    let mut fields: Vec<_> = info
        .metadata
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if let Some(bad) = details.bad_request() {
        fields.extend(
            bad.field_violations
                .iter()
                .map(|it| format!("{}: {}", it.field, it.description)),
        );
    }
    fields.sort();
    format!(
        "{:?} {} {{{}}}",
        status.code(),
        info.reason,
        fields.join("; ")
    )
}
