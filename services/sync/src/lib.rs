//! Rules: from a client's message to contact, deal, unsorted record and task (SYN-01 … SYN-42).
//!
//! Messages come as events of conversations (`consumers`); each becomes a job of its client in the transaction that moves the position. A
//! worker at a time has a client (`jobs`): it asks the CRM what is known, lets `libs/rules` plan, stores the plan with the ids of what it is
//! to make, and only then does it. So whatever is killed at any point goes on where it stopped and makes nothing twice, and a client's
//! messages are handled in order. While a CRM is away its clients wait.
//!
//! Rules react to messages of clients only: what they add or attach is no message, so they never react to their own effects.
//!
//! - `domain`: what needs no I/O. `store`: the SQL. `target`: the CRMs. `grpc`: settings, log, dry runs. `erasure`: what happens when a client
//!   has their data erased.

mod config;
mod consumers;
mod core;
mod domain;
mod erasure;
mod error;
mod grpc;
mod jobs;
mod store;
mod target;

use std::net::SocketAddr;
use std::sync::Arc;

use ::erasure::StoreService;
use ::events::{Carrier, RemoteSource};
use anyhow::Context;
use api::erasure::internal::v1::erasure_store_service_server::ErasureStoreServiceServer;
use api::sync::v1::integration_service_server::IntegrationServiceServer;
use api::sync::v1::portal_service_server::PortalServiceServer;
use api::sync::v1::run_service_server::RunServiceServer;
use auth::{AuthLayer, ServiceTokens, Verifier};
use kit::lifecycle::Lifecycle;
use kit::server::Server;
use pg::{Db, Migrations};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tonic::transport::Channel;

pub use config::{Config, Registration};

use crate::core::Core;
use error::Error;

/// Name of the service, of its schema and (with "beseda_" before it) of its role.
pub const NAME: &str = "sync";

/// The tables.
pub static MIGRATIONS: Migrations = Migrations {
    service: NAME,
    schema: NAME,
    role: "beseda_sync",
    migrator: sqlx::migrate!(),
};

/// The service, connected and bound, not yet serving.
#[derive(Debug)]
pub struct App {
    config: Config,
    db: Db,
    identity: Channel,
    crm: Channel,
    conversations: Channel,
    listener: TcpListener,
}

impl App {
    /// Connects to the database and binds the socket.
    ///
    /// # Errors
    /// When the database is refused, or the port is taken.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        let db = Db::connect(&pg::Config::new(config.database_url.clone()), &MIGRATIONS).await?;
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("{NAME} cannot listen on {}", config.listen))?;
        let identity = kit::channel(&config.identity)?;
        let crm = kit::channel(&config.crm)?;
        let conversations = kit::channel(&config.conversations)?;
        Ok(Self {
            config,
            db,
            identity,
            crm,
            conversations,
            listener,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the life ends.
    ///
    /// # Errors
    /// When it cannot start, or the socket fails.
    pub async fn run(self, life: Lifecycle) -> anyhow::Result<()> {
        let Self {
            config,
            db,
            identity,
            crm,
            conversations,
            listener,
        } = self;
        let verifier = Verifier::new(identity.clone(), config.clock.clone(), &life);
        let (secret, clock) = (config.service_secret.clone(), config.clock.clone());
        let tokens = ServiceTokens::new(identity, NAME, secret, clock);
        let built_in =
            target::BuiltIn::new(tokens.channel(crm), tokens.channel(conversations.clone()));
        let news = Arc::new(Notify::new());
        let key = config.master_key.clone();
        let amo = target::amo::Amo::new(db.clone(), config.clock.clone(), key, config.amo.clone())
            .context("the client of amoCRM cannot be made")?;
        let core = Arc::new(Core::new(
            db,
            config.clock.clone(),
            Arc::new(built_in),
            Arc::new(amo),
            news,
        ));
        let carrier = Carrier::new(&config.redis_url, consumers::CONVERSATIONS)?;
        let source = RemoteSource::new(conversations, &tokens);
        consumers::spawn(&core, carrier, source, &life);
        jobs::spawn(&core, &life);
        server(&core)?
            .serve(listener, AuthLayer::new(verifier), life)
            .await
    }
}

fn server(core: &Arc<Core>) -> anyhow::Result<Server> {
    let db = core.db.clone();
    let clients = StoreService::new(erasure::Clients, db.clone(), core.clock.clone());
    Ok(Server::new(NAME)?
        .service(IntegrationServiceServer::new(
            grpc::integrations::Integrations(Arc::clone(core)),
        ))
        .service(RunServiceServer::new(grpc::runs::Runs(Arc::clone(core))))
        .service(PortalServiceServer::new(grpc::portals::Portals(
            Arc::clone(core),
        )))
        .service(ErasureStoreServiceServer::new(clients))
        .health(move || {
            let db = db.clone();
            async move { db.is_reachable().await }
        }))
}
