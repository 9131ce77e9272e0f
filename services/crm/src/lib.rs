//! The built-in CRM: contacts, companies, deals, customers, pipelines, and what happened to them.
//!
//! - `domain`: the rules. `store`: the SQL. `changes`: a change with its rights, timeline and event in one transaction.
//!   `grpc`: the operations. `consumers`: who works in an account and who may do what, as identity tells it.
//! - `core`: who calls, with the rights that hold in the transaction.
//! - `erasure`: what happens when a client has their data erased.
//!
//! Every change is told through the outbox, with the card's facts as they are after it: conversations decide by them who sees
//! what.

mod changes;
mod config;
mod consumers;
mod core;
mod domain;
mod erasure;
mod error;
mod grpc;
mod store;

use std::net::SocketAddr;
use std::sync::Arc;

use ::erasure::StoreService;
use ::events::{Carrier, EventLog, RemoteSource};
use anyhow::Context;
use api::crm::internal::v1::client_service_server::ClientServiceServer;
use api::crm::internal::v1::crm_internal_service_server::CrmInternalServiceServer;
use api::crm::v1::access_service_server::AccessServiceServer;
use api::crm::v1::call_service_server::CallServiceServer;
use api::crm::v1::company_service_server::CompanyServiceServer;
use api::crm::v1::contact_service_server::ContactServiceServer;
use api::crm::v1::customer_service_server::CustomerServiceServer;
use api::crm::v1::deal_service_server::DealServiceServer;
use api::crm::v1::field_service_server::FieldServiceServer;
use api::crm::v1::pipeline_service_server::PipelineServiceServer;
use api::crm::v1::tag_service_server::TagServiceServer;
use api::crm::v1::task_service_server::TaskServiceServer;
use api::crm::v1::timeline_service_server::TimelineServiceServer;
use api::crm::v1::unsorted_service_server::UnsortedServiceServer;
use api::erasure::internal::v1::erasure_store_service_server::ErasureStoreServiceServer;
use api::events::internal::v1::event_log_service_server::EventLogServiceServer;
use auth::{AuthLayer, ServiceTokens, Verifier};
use kit::lifecycle::Lifecycle;
use kit::server::Server;
use pg::{Db, Migrations};
use tokio::net::TcpListener;
use tonic::transport::Channel;

pub use changes::events::{PIPELINE_CHANGED, card_changed};
pub use config::Config;
pub use domain::ids::Kind;

use crate::core::Core;
use error::Error;

/// Name of the service, of its schema and (with "beseda_" before it) of its role.
pub const NAME: &str = "crm";

/// The tables.
pub static MIGRATIONS: Migrations = Migrations {
    service: NAME,
    schema: NAME,
    role: "beseda_crm",
    migrator: sqlx::migrate!(),
};

/// The service, connected and bound, not yet serving.
#[derive(Debug)]
pub struct App {
    config: Config,
    db: Db,
    identity: Channel,
    carrier: Carrier,
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
        let carrier = Carrier::new(&config.redis_url, NAME).context("the URL of Redis")?;
        Ok(Self {
            config,
            db,
            identity,
            carrier,
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
            carrier,
            listener,
        } = self;
        let verifier = Verifier::new(identity.clone(), config.clock.clone(), &life);
        let (secret, clock) = (config.service_secret.clone(), config.clock.clone());
        let tokens = ServiceTokens::new(identity.clone(), NAME, secret, clock);
        let waker = ::events::relay(db.clone(), carrier.clone(), &life);
        let clients = erasure::Clients {
            carrier,
            waker: waker.clone(),
        };
        let clients = StoreService::new(clients, db.clone(), config.clock.clone());
        let of_identity = Carrier::new(&config.redis_url, "identity")?;
        consumers::spawn(
            &db,
            of_identity,
            RemoteSource::new(identity.clone(), &tokens),
            &life,
        );
        prune(db.clone(), &config, &life);
        let core = Arc::new(Core {
            db: db.clone(),
            clock: config.clock,
            rights: rights::RightsCopy::new(tokens.channel(identity)),
            waker,
        });
        server(&core, db)?
            .service(ErasureStoreServiceServer::new(clients))
            .serve(listener, AuthLayer::new(verifier), life)
            .await
    }
}

fn server(core: &Arc<Core>, db: Db) -> anyhow::Result<Server> {
    let core = || Arc::clone(core);
    Ok(Server::new(NAME)?
        .service(PipelineServiceServer::new(grpc::pipelines::Pipelines(
            core(),
        )))
        .service(AccessServiceServer::new(grpc::access::Access(core())))
        .service(ContactServiceServer::new(grpc::contacts::Contacts(core())))
        .service(CompanyServiceServer::new(
            grpc::companies::Companies(core()),
        ))
        .service(DealServiceServer::new(grpc::deals::Deals(core())))
        .service(CustomerServiceServer::new(grpc::customers::Customers(
            core(),
        )))
        .service(TimelineServiceServer::new(grpc::timeline::Timeline(core())))
        .service(CallServiceServer::new(grpc::calls::Calls(core())))
        .service(TagServiceServer::new(grpc::tags::Tags(core())))
        .service(FieldServiceServer::new(grpc::fields::OwnFields(core())))
        .service(TaskServiceServer::new(grpc::tasks::Tasks(core())))
        .service(UnsortedServiceServer::new(grpc::unsorted::Unsorted(core())))
        .service(CrmInternalServiceServer::new(grpc::internal::Internal(
            core(),
        )))
        .service(ClientServiceServer::new(grpc::clients::Clients(core())))
        .service(EventLogServiceServer::new(EventLog(db.clone())))
        .health(move || {
            let db = db.clone();
            async move { db.is_reachable().await }
        }))
}

/// Deletes old answers of repeated calls, now and then.
fn prune(db: Db, config: &Config, life: &Lifecycle) {
    const EVERY: std::time::Duration = std::time::Duration::from_secs(600);
    let (clock, stopping) = (config.clock.clone(), life.stopping());
    life.spawn("prune idempotency keys", async move {
        loop {
            while pg::idempotency::prune(&db, clock.now())
                .await
                .is_ok_and(|deleted| deleted > 0)
            {}
            tokio::select! { () = clock.sleep(EVERY) => {}, () = stopping.cancelled() => return }
        }
    });
}
