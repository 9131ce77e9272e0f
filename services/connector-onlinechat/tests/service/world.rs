//! The service with what it needs, and actors who call it.

use std::num::NonZeroU32;
use std::time::Duration;

use api::onlinechat::internal::v1::embedding_service_client::EmbeddingServiceClient;
use api::onlinechat::v1::online_chat_service_client::OnlineChatServiceClient;
use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use api::onlinechat::v1::{
    CreateOnlineChatRequest, OnlineChat, OnlineChatMode, SendVisitorMessageRequest,
    SendVisitorMessageResponse, StartVisitorSessionRequest, StartVisitorSessionResponse,
};
use auth::{Principal, Role};
use connector_onlinechat::{App, Config, Limits, MIGRATIONS, Rate};
use kit::lifecycle::Lifecycle;
use testkit::TestDb;
use time::OffsetDateTime;
use time::macros::datetime;
use tonic::transport::Channel;
use tonic::{Request, Status};
use types::{AccountId, ApiKeyId, Clock, SessionId, UserId};
use uuid::Uuid;

use crate::hub::Hub;
use testkit::identity::{Identity, SECRET};

pub const PUBLIC_URL: &str = "https://chat.beseda.example";
pub const SITE: &str = "https://shop.example";
const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

pub struct World {
    pub db: TestDb,
    pub clock: Clock,
    pub hub: Hub,
    pub account: AccountId,
    pub admin: String,
    identity: Identity,
    pub channel: Channel,
    life: Lifecycle,
    app_life: Lifecycle,
    config: Config,
}

pub async fn run(config: Config) -> (Channel, Lifecycle) {
    let life = Lifecycle::new();
    let app = App::build(config).await.expect("the service is built");
    let channel = kit::channel(&format!("http://{}", app.addr())).expect("an address");
    let running = life.clone();
    life.spawn("app", async move {
        app.run(running).await.expect("the service runs");
    });
    (channel, life)
}

impl Drop for World {
    fn drop(&mut self) {
        self.app_life.stop();
        self.life.stop();
    }
}

/// Limits that no test meets by chance.
fn generous() -> Limits {
    let many = Rate {
        calls: NonZeroU32::MAX,
        window: Duration::from_secs(10),
    };
    Limits {
        sessions_by_address: many,
        messages_by_visitor: many,
        messages_by_address: many,
        parts_by_visitor: many,
        parts_by_address: many,
        files_by_visitor: many,
        calls_by_visitor: many,
    }
}

impl World {
    pub async fn start() -> Self {
        Self::with(generous()).await
    }

    pub async fn with(limits: Limits) -> Self {
        Self::at(Clock::manual(NOW), limits).await
    }

    /// In the time of everybody.
    pub async fn today() -> Self {
        Self::at(Clock::system(), generous()).await
    }

    async fn at(clock: Clock, limits: Limits) -> Self {
        let db = testkit::database(&[&MIGRATIONS]).await;
        let life = Lifecycle::new();
        let redis_url = db.redis_url().await;
        let (identity, identity_url) =
            Identity::start("connector-onlinechat", clock.clone(), &life).await;
        let redis = redis::Client::open(redis_url.clone()).expect("a Redis URL");
        let (hub, hub_url) = Hub::start(&identity_url, redis, clock.clone(), &life).await;
        let config = Config {
            listen: "127.0.0.1:0".parse().expect("an address"),
            database_url: db.url(&MIGRATIONS),
            redis_url,
            identity: identity_url,
            conversations: hub_url,
            // crm is asked about external IDs only, which the suite across services proves.
            crm: "http://127.0.0.1:9".to_owned(),
            service_secret: SECRET.to_owned().into(),
            public_url: format!("{PUBLIC_URL}/"),
            limits,
            clock: clock.clone(),
        };
        let (channel, app_life) = run(config.clone()).await;
        let account = AccountId::generate();
        let admin = identity.token(employee(account, Role::Administrator));
        hub.registered().await;
        Self {
            db,
            clock,
            hub,
            account,
            admin,
            identity,
            channel,
            life,
            app_life,
            config,
        }
    }

    /// A second replica of the service.
    pub async fn another_replica(&self) -> VisitorServiceClient<Channel> {
        let (channel, life) = run(self.config.clone()).await;
        let stopping = self.life.stopping();
        self.life.spawn("replica", async move {
            stopping.cancelled().await;
            life.stop();
        });
        VisitorServiceClient::new(channel)
    }

    /// Stops the service and starts it again.
    pub async fn restart(mut self) -> Self {
        self.app_life.drain(Duration::from_secs(5)).await;
        (self.channel, self.app_life) = run(self.config.clone()).await;
        self
    }

    /// Stops the service; with this it can be started again.
    pub async fn halt(&mut self) -> Config {
        self.app_life.drain(Duration::from_secs(5)).await;
        self.config.clone()
    }

    pub fn manager(&self) -> String {
        self.identity.token(employee(self.account, Role::Manager))
    }

    pub fn stranger(&self) -> String {
        self.identity
            .token(employee(AccountId::generate(), Role::Administrator))
    }

    pub fn program(&self, scope: &str) -> String {
        let scopes = [scope.to_owned()].into();
        self.identity.token(Principal::Program {
            account: self.account,
            key: ApiKeyId::generate(),
            scopes,
        })
    }

    pub fn service(&self) -> String {
        self.identity.token(Principal::Service {
            name: "gateway".to_owned(),
        })
    }

    pub fn chats(&self) -> OnlineChatServiceClient<Channel> {
        OnlineChatServiceClient::new(self.channel.clone())
    }

    pub fn visitors(&self) -> VisitorServiceClient<Channel> {
        VisitorServiceClient::new(self.channel.clone())
    }

    pub fn embedding(&self) -> EmbeddingServiceClient<Channel> {
        EmbeddingServiceClient::new(self.channel.clone())
    }

    pub async fn create(&self, chat: OnlineChat) -> Result<OnlineChat, Status> {
        let request = CreateOnlineChatRequest {
            online_chat: Some(chat),
            request_id: String::new(),
        };
        let reply = self
            .chats()
            .create_online_chat(with(&self.admin, request))
            .await?;
        Ok(reply.into_inner().online_chat.expect("an online chat"))
    }

    /// An online chat on [`SITE`].
    pub async fn chat(&self, mode: OnlineChatMode) -> OnlineChat {
        self.create(OnlineChat {
            mode: mode.into(),
            ..on_site()
        })
        .await
        .expect("created")
    }

    /// A visitor who comes to an online chat on [`SITE`].
    pub async fn visitor(&self, chat: &OnlineChat) -> Visitor {
        let started = self.arrive(arrival(chat)).await.expect("a session");
        Visitor {
            client: self.visitors(),
            token: started.session_token.clone(),
            id: started.visitor_id.clone(),
            started,
        }
    }

    pub async fn arrive(
        &self,
        request: StartVisitorSessionRequest,
    ) -> Result<StartVisitorSessionResponse, Status> {
        Ok(self
            .visitors()
            .start_visitor_session(request)
            .await?
            .into_inner())
    }
}

pub struct Visitor {
    pub client: VisitorServiceClient<Channel>,
    pub token: String,
    pub id: String,
    pub started: StartVisitorSessionResponse,
}

impl Visitor {
    pub async fn send(
        &self,
        thread: &str,
        text: &str,
    ) -> Result<SendVisitorMessageResponse, Status> {
        self.send_as(Uuid::from_u128(rand::random()), thread, text)
            .await
    }

    pub async fn send_as(
        &self,
        id: Uuid,
        thread: &str,
        text: &str,
    ) -> Result<SendVisitorMessageResponse, Status> {
        let request = SendVisitorMessageRequest {
            client_message_id: id.to_string(),
            text: text.to_owned(),
            thread_id: thread.to_owned(),
            ..SendVisitorMessageRequest::default()
        };
        Ok(self
            .client
            .clone()
            .send_visitor_message(self.with(request))
            .await?
            .into_inner())
    }

    pub fn with<T>(&self, message: T) -> Request<T> {
        with(&self.token, message)
    }
}

/// A call with a token.
pub fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().expect("ASCII");
    request.metadata_mut().insert("authorization", value);
    request
}

/// An online chat that is placed on [`SITE`].
pub fn on_site() -> OnlineChat {
    OnlineChat {
        title: "Магазин".to_owned(),
        mode: OnlineChatMode::OneActive.into(),
        site_url: format!("{SITE}/contacts"),
        show_sender_name: true,
        enabled: true,
        ..OnlineChat::default()
    }
}

/// A visitor who comes from [`SITE`].
pub fn arrival(chat: &OnlineChat) -> StartVisitorSessionRequest {
    StartVisitorSessionRequest {
        online_chat_id: chat.id.clone(),
        embedding_origin: SITE.to_owned(),
        ..StartVisitorSessionRequest::default()
    }
}

fn employee(account: AccountId, role: Role) -> Principal {
    Principal::Employee {
        account,
        user: UserId::generate(),
        session: SessionId::generate(),
        role,
        group: None,
        name: "Мария".to_owned(),
    }
}

/// Code, reason and metadata of a refusal, in one line.
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
