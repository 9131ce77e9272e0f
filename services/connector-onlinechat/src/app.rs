//! The wiring, top to bottom.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use api::conversations::v1::connection_service_client::ConnectionServiceClient;
use api::erasure::internal::v1::erasure_store_service_server::ErasureStoreServiceServer;
use api::onlinechat::internal::v1::embedding_service_server::EmbeddingServiceServer;
use api::onlinechat::v1::online_chat_service_server::OnlineChatServiceServer;
use api::onlinechat::v1::visitor_service_server::VisitorServiceServer;
use auth::{AuthLayer, ServiceTokens, Verifier};
use connector::Connector;
use erasure::StoreService;
use kit::lifecycle::Lifecycle;
use pg::Db;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use types::Clock;
use url::Url;

use crate::config::Config;
use crate::crm::Crm;
use crate::domain::origin::Origin;
use crate::erasure::VisitorData;
use crate::grpc::embedding::Embeddings;
use crate::grpc::online_chats::OnlineChats;
use crate::grpc::visitors::Visitors;
use crate::hub::Hub;
use crate::hub::channel::Windows;
use crate::hub::known::Known;
use crate::hub::receipts::Receipts;
use crate::jobs::Forget;
use crate::limits::Limiter;
use crate::live::subscriber::Subscriber;
use crate::live::watchers::Watchers;
use crate::memory;
use crate::state::{Parts, State};

/// The name under which this service proves itself to others.
const SERVICE: &str = "connector-onlinechat";

/// Redis is a help, never a need: a call does not wait for it longer than this.
const REDIS_ANSWER: Duration = Duration::from_millis(200);

/// The service, ready to run.
pub struct App {
    listener: TcpListener,
    addr: SocketAddr,
    identity: Channel,
    redis: redis::Client,
    parts: Parts,
}

impl App {
    /// Binds the socket and connects to the database. The other services and Redis are connected to when first needed.
    ///
    /// # Errors
    /// When the socket is taken, the database is refused or an address is malformed.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("{} is taken; choose another port", config.listen))?;
        let own_origin = Url::parse(&config.public_url)
            .ok()
            .as_ref()
            .and_then(Origin::of);
        let own_origin =
            own_origin.context("the public URL must be an http or https address with a host")?;
        let db = Db::connect(&pg::Config::new(config.database_url), &crate::MIGRATIONS).await?;
        let redis = kit::redis::client(&config.redis_url).context("the Redis URL is malformed")?;
        let counters = lazy(&redis)?;
        let identity = kit::channel(&config.identity)?;
        let conversations = kit::channel(&config.conversations)?;
        let tokens = ServiceTokens::new(
            identity.clone(),
            SERVICE,
            config.service_secret,
            config.clock.clone(),
        );
        let known = Known::default();
        let crm = Crm::new(&tokens, kit::channel(&config.crm)?);
        let parts = Parts {
            crm,
            public_url: config.public_url,
            own_origin,
            hub: Hub::new(&tokens, conversations.clone(), known.clone()),
            known,
            connections: ConnectionServiceClient::new(conversations),
            online_chats: memory::OnlineChats::new(db.clone(), config.clock.clone()),
            sessions: memory::Sessions::new(db.clone(), config.clock.clone()),
            limiter: Limiter::new(config.limits, counters.clone(), config.clock.clone()),
            watchers: Watchers::default(),
            receipts: Receipts::new(counters),
            clock: config.clock,
            stopping: CancellationToken::new(),
            db,
        };
        Ok(Self {
            addr: listener.local_addr()?,
            listener,
            identity,
            redis,
            parts,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `lifecycle` stops.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let Self {
            listener,
            identity,
            redis,
            mut parts,
            ..
        } = self;
        parts.stopping = lifecycle.stopping();
        let state = Arc::new(parts);
        start_tasks(&lifecycle, redis, &state);
        let verifier = Verifier::new(identity, state.clock.clone(), &lifecycle);
        // Visitors have tokens of their own, which only this service understands.
        let auth = AuthLayer::new(verifier).open("/beseda.onlinechat.v1.VisitorService/");
        let db = state.db.clone();
        let visitors = StoreService::new(VisitorData, db.clone(), state.clock.clone());
        kit::server::Server::new("connector-onlinechat")?
            .service(OnlineChatServiceServer::new(OnlineChats(Arc::clone(
                &state,
            ))))
            .service(EmbeddingServiceServer::new(Embeddings(Arc::clone(&state))))
            .service(VisitorServiceServer::new(Visitors(state)))
            .service(ErasureStoreServiceServer::new(visitors))
            .health(move || {
                let db = db.clone();
                async move { db.is_reachable().await }
            })
            .serve(listener, auth, lifecycle)
            .await
    }
}

fn start_tasks(lifecycle: &Lifecycle, redis: redis::Client, state: &State) {
    let stopping = lifecycle.stopping();
    let windows = Windows {
        receipts: state.receipts.clone(),
        known: state.known.clone(),
    };
    // Visitors call by their sessions: the open connections are not needed.
    let _ = Connector::start(Arc::new(windows), state.hub.of_connector(), lifecycle);
    let linking = state.known.clone().link(state.db.clone(), stopping.clone());
    lifecycle.spawn("onlinechat.link", linking);
    let subscriber = Subscriber {
        client: redis,
        watchers: state.watchers.clone(),
        clock: Clock::system(),
    };
    lifecycle.spawn("onlinechat.hints", subscriber.keep(stopping.clone()));
    let forget = Forget {
        state: Arc::clone(state),
    };
    lifecycle.spawn("onlinechat.forget", forget.keep(stopping));
}

/// A connection that is made when first used and made again when it broke.
fn lazy(client: &redis::Client) -> anyhow::Result<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(REDIS_ANSWER))
        .set_response_timeout(Some(REDIS_ANSWER))
        .set_number_of_retries(1);
    Ok(ConnectionManager::new_lazy_with_config(
        client.clone(),
        config,
    )?)
}
