//! The wiring of the service, top to bottom.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use api::events::internal::v1::event_log_service_server::EventLogServiceServer;
use api::identity::internal::v1::identity_internal_service_server::IdentityInternalServiceServer;
use api::identity::v1::account_service_server::AccountServiceServer;
use api::identity::v1::api_key_service_server::ApiKeyServiceServer;
use api::identity::v1::audit_service_server::AuditServiceServer;
use api::identity::v1::crm_widget_service_server::CrmWidgetServiceServer;
use api::identity::v1::group_service_server::GroupServiceServer;
use api::identity::v1::rights_service_server::RightsServiceServer;
use api::identity::v1::session_service_server::SessionServiceServer;
use api::identity::v1::user_service_server::UserServiceServer;
use auth::{AuthLayer, Verifier};
use events::Carrier;
use kit::lifecycle::Lifecycle;
use kit::server::Server;
use pg::Db;
use tokio::net::TcpListener;

use crate::MIGRATIONS;
use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::core::Core;
use crate::grpc::accounts::Accounts;
use crate::grpc::api_keys::ApiKeys;
use crate::grpc::audit::Audit;
use crate::grpc::crm_widgets::CrmWidgets;
use crate::grpc::groups::Groups;
use crate::grpc::internal::{Internal, LocalSource};
use crate::grpc::rights::Rights;
use crate::grpc::sessions::Sessions;
use crate::grpc::users::Users;
use crate::jobs;
use crate::keyring::KeyRing;
use crate::limits::Limits;
use crate::passwords::Passwords;

/// What works without a token: getting one, and what verifiers ask before they can check any.
const OPEN: [&str; 6] = [
    "/beseda.identity.v1.SessionService/LogIn",
    "/beseda.identity.v1.SessionService/RefreshSession",
    "/beseda.identity.v1.SessionService/IssueClientToken",
    "/beseda.identity.internal.v1.IdentityInternalService/GetJwks",
    "/beseda.identity.internal.v1.IdentityInternalService/IssueServiceToken",
    "/beseda.identity.internal.v1.IdentityInternalService/ListRevocations",
];

/// The service, ready to run: its socket is bound, its stores are connected.
pub struct App {
    config: Config,
    listener: TcpListener,
    db: Db,
    keys: KeyRing,
    passwords: Passwords,
    limits: Limits,
    catalogue: Catalogue,
    carrier: Carrier,
}

impl App {
    /// Binds the socket and connects.
    ///
    /// # Errors
    /// When the address is taken, or the database is refused; the text says what to change.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("identity cannot listen on {}", config.listen))?;
        let db = Db::connect(&pg::Config::new(config.database_url.clone()), &MIGRATIONS).await?;
        let (master, clock) = (config.master_key.clone(), config.clock.clone());
        let keys = KeyRing::load(db.clone(), master, clock.clone())
            .await
            .context("the signing keys cannot be used")?;
        let limits = Limits::new(config.log_in_limit, &config.redis_url, clock)
            .context("the URL of Redis")?;
        let catalogue = Catalogue::new(kit::channel(&config.crm)?, keys.clone());
        let carrier =
            Carrier::new(&config.redis_url, MIGRATIONS.service).context("the URL of Redis")?;
        Ok(Self {
            listener,
            db,
            keys,
            passwords: Passwords::new()?,
            limits,
            catalogue,
            carrier,
            config,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(self.config.listen)
    }

    /// Serves until the life ends.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn run(self, life: Lifecycle) -> anyhow::Result<()> {
        let Self {
            config,
            listener,
            db,
            keys,
            passwords,
            limits,
            catalogue,
            carrier,
        } = self;
        let Config {
            clock,
            master_key: master,
            ..
        } = config;
        let source = LocalSource {
            db: db.clone(),
            clock: clock.clone(),
            keys: keys.clone(),
        };
        let verifier = Verifier::with_source(source, clock.clone(), &life);
        let waker = events::relay(db.clone(), carrier, &life);
        keys.spawn(&life);
        jobs::spawn_prune(db.clone(), clock.clone(), &life);
        let core = Arc::new(Core {
            db: db.clone(),
            clock,
            keys,
            passwords,
            limits,
            catalogue,
            master,
            waker,
        });
        let auth = OPEN
            .iter()
            .fold(AuthLayer::new(verifier), |layer, path| layer.open(path));
        server(&core, db)?.serve(listener, auth, life).await
    }
}

fn server(core: &Arc<Core>, db: Db) -> anyhow::Result<Server> {
    Ok(Server::new(MIGRATIONS.service)?
        .service(SessionServiceServer::new(Sessions(Arc::clone(core))))
        .service(UserServiceServer::new(Users(Arc::clone(core))))
        .service(GroupServiceServer::new(Groups(Arc::clone(core))))
        .service(RightsServiceServer::new(Rights(Arc::clone(core))))
        .service(AccountServiceServer::new(Accounts(Arc::clone(core))))
        .service(ApiKeyServiceServer::new(ApiKeys(Arc::clone(core))))
        .service(CrmWidgetServiceServer::new(CrmWidgets(Arc::clone(core))))
        .service(AuditServiceServer::new(Audit(Arc::clone(core))))
        .service(IdentityInternalServiceServer::new(Internal(Arc::clone(
            core,
        ))))
        .service(EventLogServiceServer::new(events::EventLog(db.clone())))
        .health(move || {
            let db = db.clone();
            async move { db.is_reachable().await }
        }))
}
