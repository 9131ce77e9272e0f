//! A gateway with services behind it that do what a test asks for.

mod services;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api::connector::v1::connector_hub_service_server::ConnectorHubServiceServer;
use api::identity::internal::v1::identity_internal_service_server::IdentityInternalServiceServer;
use api::identity::v1::session_service_server::SessionServiceServer;
use api::onlinechat::internal::v1::embedding_service_server::EmbeddingServiceServer;
use api::onlinechat::v1::visitor_service_server::VisitorServiceServer;
use auth::token::{Grant, SigningKey};
use auth::{Principal, Role};
use gateway::{App, Config, Rate};
use kit::lifecycle::Lifecycle;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint, Server};
use types::{AccountId, ApiKeyId, Clock, Language, SessionId, UserId};
use uuid::Uuid;

pub use services::{ANYWHERE, API_KEY, Hub, Identity, LOCKED, OnlineChat, PLACED, api_key_id};

/// What the services behind the gateway have seen.
#[derive(Default)]
pub struct Seen {
    pub begun: AtomicUsize,
    pub cancelled: AtomicUsize,
    pub sent: AtomicUsize,
    pub exchanges: AtomicUsize,
    pub embeddings: AtomicUsize,
    pub ended: std::sync::Mutex<Vec<Uuid>>,
}

/// A service on a port, on a runtime of its own: it can be killed with all its connections, and started again.
pub struct Running {
    pub addr: SocketAddr,
    stop: CancellationToken,
    task: Option<tokio::task::JoinHandle<()>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Running {
    async fn start(
        router: impl FnOnce() -> tonic::transport::server::Router + Send + 'static,
        port: u16,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let (bound, addr) = tokio::sync::oneshot::channel();
        let task = runtime.spawn(async move {
            let listener = TcpListener::bind(("127.0.0.1", port))
                .await
                .expect("a free port");
            bound
                .send(listener.local_addr().expect("an address"))
                .expect("somebody waits");
            let incoming = TcpListenerStream::new(listener);
            router()
                .serve_with_incoming_shutdown(incoming, stopped.cancelled_owned())
                .await
                .expect("serving");
        });
        Self {
            addr: addr.await.expect("it listens"),
            stop,
            task: Some(task),
            runtime: Some(runtime),
        }
    }

    /// Stops in order: calls in progress finish.
    pub async fn stop(&mut self) {
        self.stop.cancel();
        self.task.take().expect("it runs").await.expect("no panic");
    }
}

impl Drop for Running {
    /// Kills it: its connections break.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub struct Gateway {
    pub addr: SocketAddr,
    pub admin: SocketAddr,
    pub seen: Arc<Seen>,
    pub lifecycle: Lifecycle,
    pub onlinechat: Option<Running>,
    /// The services that no test kills.
    _others: [Running; 2],
    pub web: tempfile::TempDir,
    run: tokio::task::JoinSet<anyhow::Result<()>>,
}

pub const PLENTY: Rate = Rate {
    per_second: 1e6,
    burst: 1_000_000,
};

impl Gateway {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(adjust: impl FnOnce(&mut Config)) -> Self {
        let seen = Arc::new(Seen::default());
        let identity = Running::start(with(&seen, identity), 0).await;
        let hub = Running::start(hub, 0).await;
        let onlinechat = Running::start(with(&seen, onlinechat), 0).await;
        let web = tempfile::tempdir().expect("a folder");
        write_web(web.path());
        let url = |running: &Running| format!("http://{}", running.addr);
        let mut config = Config::local(
            &url(&identity),
            // No test calls crm; it has to be up as the others are.
            &url(&identity),
            &url(&hub),
            &url(&onlinechat),
            "secret".into(),
        );
        config.listen.set_port(0);
        config.admin_listen = Some(config.listen);
        config.redis_url = "redis://127.0.0.1:1".to_owned();
        config.web_root = web.path().to_owned();
        config.cabinet_root = web.path().to_owned();
        config.limits.rates.address = PLENTY;
        config.limits.rates.account = PLENTY;
        config.limits.rates.key = PLENTY;
        config.limits.rates.visitor_session = PLENTY;
        adjust(&mut config);
        let app = App::build(config).await.expect("a gateway");
        let lifecycle = Lifecycle::new();
        let (addr, admin) = (
            app.addr(),
            app.admin_addr().expect("an administration port"),
        );
        let mut run = tokio::task::JoinSet::new();
        run.spawn(app.run(lifecycle.clone()));
        Self {
            addr,
            admin,
            seen,
            lifecycle,
            onlinechat: Some(onlinechat),
            _others: [hub, identity],
            web,
            run,
        }
    }

    /// Kills connector-onlinechat: its connections break.
    pub fn kill_onlinechat(&mut self) -> SocketAddr {
        self.onlinechat.take().expect("it runs").addr
    }

    pub async fn start_onlinechat(&mut self, addr: SocketAddr) {
        self.onlinechat = Some(Running::start(with(&self.seen, onlinechat), addr.port()).await);
    }

    pub async fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.addr))
            .expect("an address")
            .connect()
            .await
            .expect("connected")
    }

    /// Waits until the gateway has ended.
    pub async fn ended(&mut self) {
        self.run
            .join_next()
            .await
            .expect("it ran")
            .expect("no panic")
            .expect("no error");
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

fn with<T>(seen: &Arc<Seen>, make: fn(&Arc<Seen>) -> T) -> impl FnOnce() -> T + use<T> {
    let seen = seen.clone();
    move || make(&seen)
}

pub fn onlinechat(seen: &Arc<Seen>) -> tonic::transport::server::Router {
    let service = OnlineChat(seen.clone());
    Server::builder()
        .tcp_nodelay(true)
        .add_service(
            VisitorServiceServer::new(service.clone()).max_encoding_message_size(usize::MAX),
        )
        .add_service(EmbeddingServiceServer::new(service))
}

pub fn hub() -> tonic::transport::server::Router {
    Server::builder()
        .tcp_nodelay(true)
        .add_service(ConnectorHubServiceServer::new(Hub))
}

fn identity(seen: &Arc<Seen>) -> tonic::transport::server::Router {
    let service = Identity(seen.clone());
    Server::builder()
        .add_service(IdentityInternalServiceServer::new(service.clone()))
        .add_service(SessionServiceServer::new(service))
}

const SEED: [u8; 32] = [7; 32];
const KEY: &str = "test";

pub fn jwks() -> String {
    use ring::signature::KeyPair as _;
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&SEED).expect("a key");
    auth::token::jwks_json([(KEY, pair.public_key().as_ref())])
}

pub fn sign(principal: Principal) -> String {
    let grant = Grant::new(principal, Language::Ru);
    let (token, _) = SigningKey::new(KEY.to_owned(), &SEED)
        .sign(&grant, Clock::system().now())
        .expect("signed");
    token
}

pub fn employee(account: AccountId) -> String {
    sign(Principal::Employee {
        account,
        user: UserId::generate(),
        session: SessionId::generate(),
        role: Role::Manager,
        group: None,
        name: "Анна".to_owned(),
    })
}

pub fn program(key: ApiKeyId) -> String {
    sign(Principal::Program {
        account: AccountId::generate(),
        key,
        scopes: Arc::new(["connector:test".to_owned()]),
    })
}

fn write_web(root: &Path) {
    std::fs::create_dir(root.join("assets")).expect("a folder");
    for (name, text) in [
        ("loader.js", "console.log('loader')".repeat(20)),
        ("chat.html", "<!doctype html><title>chat</title>".to_owned()),
        (
            "demo.html",
            "<script data-chat=\"__ONLINE_CHAT_ID__\"></script>".to_owned(),
        ),
        (
            "cabinet.html",
            "<!doctype html><title>cabinet</title>".to_owned(),
        ),
        ("assets/app-1a2b.js", "export {}".to_owned()),
    ] {
        std::fs::write(root.join(name), text).expect("written");
    }
    std::fs::write(
        root.parent().expect("a parent").join("beseda-outside.txt"),
        "outside",
    )
    .expect("written");
}

/// Waits until `condition` holds.
pub async fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    for _ in 0..2000 {
        if condition() {
            return;
        }
        ticks.tick().await;
    }
    panic!("waited in vain for: {what}");
}

pub fn count(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::SeqCst)
}
