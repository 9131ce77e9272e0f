//! The wiring, top to bottom.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use api::cabinet::internal::v1::page_service_server::PageServiceServer;
use api::cabinet::v1::cabinet_erasure_service_server::CabinetErasureServiceServer;
use api::cabinet::v1::cabinet_service_server::CabinetServiceServer;
use api::cabinet::v1::cabinet_session_service_server::CabinetSessionServiceServer;
use api::cabinet::v1::cabinet_settings_service_server::CabinetSettingsServiceServer;
use api::cabinet::v1::sms_service_server::SmsServiceServer;
use api::connector::internal::v1::hook_service_server::HookServiceServer;
use api::conversations::v1::connection_service_client::ConnectionServiceClient;
use api::crm::v1::field_service_client::FieldServiceClient;
use api::crm::v1::pipeline_service_client::PipelineServiceClient;
use api::identity::internal::v1::identity_internal_service_client::IdentityInternalServiceClient;
use auth::{AuthLayer, ServiceTokens, Verifier};
use kit::lifecycle::Lifecycle;
use pg::Db;
use tokio::net::TcpListener;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::accounts::Accounts;
use crate::config::Config;
use crate::crm::Crm;
use crate::domain::code::Keys;
use crate::erasure::{self, Eraser, Stores};
use crate::grpc::client::Client;
use crate::grpc::erasure::Erasures;
use crate::grpc::page::Page;
use crate::grpc::providers::Providers;
use crate::grpc::sessions::Sessions;
use crate::grpc::settings::CabinetSettingsOf;
use crate::hub::{self, Hub};
use crate::jobs;
use crate::memory::Cabinets;
use crate::sms;
use crate::sms::report::Reports;
use crate::state::{Parts, State};

/// The name under which this service proves itself to others.
const SERVICE: &str = "cabinet";

/// The name under which it speaks to the hub.
const CONNECTOR: &str = "connector-cabinet";

/// Answers that a stream may be behind by; one that is further behind looks as if it had one itself.
const UNREAD: usize = 1024;

/// The service, ready to run.
pub struct App {
    listener: TcpListener,
    addr: SocketAddr,
    identity: Channel,
    parts: Parts,
    eraser: Eraser,
}

impl App {
    /// Binds the socket and connects to the database. The other services are connected to when first needed.
    ///
    /// # Errors
    /// When the socket is taken, the database is refused or an address is malformed.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("{} is taken; choose another port", config.listen))?;
        let db = Db::connect(&pg::Config::new(config.database_url), &crate::MIGRATIONS).await?;
        let identity = kit::channel(&config.identity)?;
        let crm = kit::channel(&config.crm)?;
        let conversations = kit::channel(&config.conversations)?;
        let clock = config.clock;
        let of_hub = ServiceTokens::new(
            identity.clone(),
            CONNECTOR,
            config.hub_secret,
            clock.clone(),
        );
        let tokens = ServiceTokens::new(
            identity.clone(),
            SERVICE,
            config.service_secret,
            clock.clone(),
        );
        let eraser = Eraser {
            db: db.clone(),
            clock: clock.clone(),
            key: config.master_key.clone(),
            stores: Stores::new(&config.stores, &tokens)?,
            identity: IdentityInternalServiceClient::new(tokens.channel(identity.clone())),
            due: Arc::default(),
        };
        let parts = Parts {
            public_url: config.public_url.trim_end_matches('/').to_owned(),
            accounts: Accounts::new(tokens.channel(identity.clone()), clock.clone()),
            cabinets: Cabinets::new(db.clone(), clock.clone()),
            crm: Crm::new(tokens.channel(crm.clone())),
            hub: Hub::new(&of_hub, conversations.clone()),
            connections: ConnectionServiceClient::new(conversations),
            answers: broadcast::Sender::new(UNREAD),
            stopping: CancellationToken::new(),
            keys: Keys::new(&config.master_key),
            master_key: config.master_key,
            limits: config.limits,
            widgets: config.widgets,
            http: sms::http::client(config.sms_patience).context("the system's certificates")?,
            #[cfg(feature = "smpp")]
            smpp: sms::smpp::Sessions::new(config.sms_patience),
            wake_eraser: Arc::clone(&eraser.due),
            wake_sms: Notify::new(),
            fields: FieldServiceClient::new(crm.clone()),
            pipelines: PipelineServiceClient::new(crm),
            clock,
            db,
        };
        Ok(Self {
            addr: listener.local_addr()?,
            listener,
            identity,
            parts,
            eraser,
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
            mut parts,
            eraser,
            ..
        } = self;
        lifecycle.spawn("cabinet.erase", erasure::run(eraser, lifecycle.stopping()));
        parts.stopping = lifecycle.stopping();
        let state: State = Arc::new(parts);
        let forget = jobs::forget(Arc::clone(&state), lifecycle.stopping());
        lifecycle.spawn("cabinet.forget", forget);
        lifecycle.spawn(
            "cabinet.hub",
            hub::keep(Arc::clone(&state), lifecycle.stopping()),
        );
        let send = sms::worker::keep(Arc::clone(&state), lifecycle.stopping());
        lifecycle.spawn("cabinet.sms", send);
        #[cfg(feature = "smpp")]
        lifecycle.spawn(
            "cabinet.smpp",
            sms::smpp::keep(Arc::clone(&state), lifecycle.stopping()),
        );
        let verifier = Verifier::new(identity, state.clock.clone(), &lifecycle);
        // Clients have tokens of their own, which only this service understands.
        let auth = AuthLayer::new(verifier)
            .open("/beseda.cabinet.v1.CabinetSessionService/")
            .open("/beseda.cabinet.v1.CabinetService/")
            .open("/beseda.cabinet.v1.CabinetErasureService/");
        let db = state.db.clone();
        let shared = || Arc::clone(&state);
        kit::server::Server::new(SERVICE)?
            .service(CabinetSettingsServiceServer::new(CabinetSettingsOf(
                shared(),
            )))
            .service(CabinetSessionServiceServer::new(Sessions(shared())))
            .service(CabinetServiceServer::new(Client(shared())))
            .service(CabinetErasureServiceServer::new(Erasures(shared())))
            .service(SmsServiceServer::new(Providers(shared())))
            .service(HookServiceServer::new(Reports(shared())))
            .service(PageServiceServer::new(Page(shared())))
            .health(move || {
                let db = db.clone();
                async move { db.is_reachable().await }
            })
            .serve(listener, auth, lifecycle)
            .await
    }
}
