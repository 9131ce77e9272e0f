//! The wiring, top to bottom.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use api::cabinet::internal::v1::page_service_server::PageServiceServer;
use api::cabinet::v1::cabinet_session_service_server::CabinetSessionServiceServer;
use api::cabinet::v1::cabinet_settings_service_server::CabinetSettingsServiceServer;
use api::crm::v1::field_service_client::FieldServiceClient;
use api::crm::v1::pipeline_service_client::PipelineServiceClient;
use auth::{AuthLayer, ServiceTokens, Verifier};
use kit::lifecycle::Lifecycle;
use pg::Db;
use tokio::net::TcpListener;
use tonic::transport::Channel;

use crate::accounts::Accounts;
use crate::config::Config;
use crate::grpc::page::Page;
use crate::grpc::sessions::Sessions;
use crate::grpc::settings::CabinetSettingsOf;
use crate::jobs;
use crate::memory::Cabinets;
use crate::state::{Parts, State};

/// The name under which this service proves itself to others.
const SERVICE: &str = "cabinet";

/// The service, ready to run.
pub struct App {
    listener: TcpListener,
    addr: SocketAddr,
    identity: Channel,
    state: State,
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
        let clock = config.clock;
        let tokens = ServiceTokens::new(
            identity.clone(),
            SERVICE,
            config.service_secret,
            clock.clone(),
        );
        let parts = Parts {
            public_url: config.public_url.trim_end_matches('/').to_owned(),
            accounts: Accounts::new(tokens.channel(identity.clone()), clock.clone()),
            cabinets: Cabinets::new(db.clone(), clock.clone()),
            fields: FieldServiceClient::new(crm.clone()),
            pipelines: PipelineServiceClient::new(crm),
            clock,
            db,
        };
        Ok(Self {
            addr: listener.local_addr()?,
            listener,
            identity,
            state: Arc::new(parts),
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
            state,
            ..
        } = self;
        let forget = jobs::forget(Arc::clone(&state), lifecycle.stopping());
        lifecycle.spawn("cabinet.forget", forget);
        let verifier = Verifier::new(identity, state.clock.clone(), &lifecycle);
        // Clients have tokens of their own, which only this service understands.
        let auth = AuthLayer::new(verifier).open("/beseda.cabinet.v1.CabinetSessionService/");
        let db = state.db.clone();
        let shared = || Arc::clone(&state);
        kit::server::Server::new(SERVICE)?
            .service(CabinetSettingsServiceServer::new(CabinetSettingsOf(
                shared(),
            )))
            .service(CabinetSessionServiceServer::new(Sessions(shared())))
            .service(PageServiceServer::new(Page(shared())))
            .health(move || {
                let db = db.clone();
                async move { db.is_reachable().await }
            })
            .serve(listener, auth, lifecycle)
            .await
    }
}
