//! Conversations: what clients write, in numbered conversations, shown to those who may see it, and the way of answers back.
//!
//! Connectors bring events to the hub ([`ingest`] stores them) and take deliveries from it. Employees list, read, write and
//! watch. Every change is told through the outbox: to live streams ([`live`]) and to other services.

pub mod admin;
mod after_commit;
mod changes;
mod clients;
mod config;
mod consumers;
mod crm;
mod crm_feed;
mod directory;
mod domain;
mod erasure;
mod files;
mod grpc;
mod ingest;
mod live;
mod store;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use ::erasure::StoreService;
use anyhow::Context;
use api::connector::v1::connector_hub_service_server::ConnectorHubServiceServer;
use api::connector::v1::quarantine_service_server::QuarantineServiceServer;
use api::conversations::internal::v1::client_chat_service_server::ClientChatServiceServer;
use api::conversations::internal::v1::conversation_internal_service_server::ConversationInternalServiceServer;
use api::conversations::v1::attachment_service_server::AttachmentServiceServer;
use api::conversations::v1::chat_service_server::ChatServiceServer;
use api::conversations::v1::connection_service_server::ConnectionServiceServer;
use api::conversations::v1::conversation_service_server::ConversationServiceServer;
use api::conversations::v1::counter_service_server::CounterServiceServer;
use api::conversations::v1::filter_service_server::FilterServiceServer;
use api::conversations::v1::inbox_service_server::InboxServiceServer;
use api::conversations::v1::notification_service_server::NotificationServiceServer;
use api::conversations::v1::search_service_server::SearchServiceServer;
use api::conversations::v1::template_service_server::TemplateServiceServer;
use api::conversations::v1::visibility_service_server::VisibilityServiceServer;
use api::crm::internal::v1::crm_internal_service_client::CrmInternalServiceClient;
use api::erasure::internal::v1::erasure_store_service_server::ErasureStoreServiceServer;
use api::events::internal::v1::event_log_service_server::EventLogServiceServer;
use auth::{AuthLayer, ServiceTokens, Verifier};
use events::{Carrier, EventLog, RemoteSource};
use kit::lifecycle::Lifecycle;
use kit::server::{MAX_REQUEST_BYTES, Server};
use pg::{Db, Migrations, SystemScope};
use rights::RightsCopy;
use tokio::net::TcpListener;
use tonic::transport::Channel;

pub use config::Config;
pub use files::FilesLocation;
pub use ingest::IngestConfig;

/// Name of the service, of its schema and (with "beseda_" before it) of its role.
pub const NAME: &str = "conversations";

/// Its migrations.
pub static MIGRATIONS: Migrations = Migrations {
    service: NAME,
    schema: NAME,
    role: "beseda_conversations",
    migrator: sqlx::migrate!(),
};

/// The service, connected and bound, not yet serving.
#[derive(Debug)]
pub struct App {
    config: Config,
    db: Db,
    files: files::Files,
    identity: Channel,
    listener: TcpListener,
}

impl App {
    /// Connects to the database and binds the socket.
    ///
    /// # Errors
    /// When the database is refused, or the port is taken.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        let database = pg::Config {
            url: config.database_url.clone(),
            max_connections: config.max_connections,
        };
        let db = Db::connect(&database, &MIGRATIONS).await?;
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("{NAME} cannot listen on {}", config.listen))?;
        let identity = kit::channel(&config.identity)?;
        let files = files::Files::open(&config.files)?;
        Ok(Self {
            config,
            db,
            files,
            identity,
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
            files,
            identity,
            listener,
        } = self;
        let verifier = Verifier::new(identity.clone(), config.clock.clone(), &life);
        let tokens = ServiceTokens::new(
            identity.clone(),
            NAME,
            config.service_secret.clone(),
            config.clock.clone(),
        );

        let carrier = Carrier::new(&config.redis_url, NAME)?;
        let waker = events::relay(db.clone(), carrier.clone(), &life);
        let after = after_commit::AfterCommit::new(&config.redis_url, waker, &life)?;
        consumers::search_index::spawn(&db, carrier.clone(), &config.clock, &life);
        consumers::ratings::spawn(&db, carrier.clone(), &life);
        consumers::notifications::spawn(&db, carrier.clone(), &config.clock, &life);
        let clients = erasure::Clients {
            db: db.clone(),
            files: files.clone(),
            carrier: carrier.clone(),
            after: after.clone(),
        };
        let clients = StoreService::new(clients, db.clone(), config.clock.clone());
        let live = live::Live::start(db.clone(), carrier, &life).await?;
        let ingest = ingest::Ingest::new(&config.ingest, &db, &config.clock, &after, &life);
        let directory = directory::Directory::new(db.clone());
        let accounts = Arc::new(consumers::AccountStates::new(
            db.clone(),
            tokens.channel(identity.clone()),
        ));
        let rights = RightsCopy::new(tokens.channel(identity.clone()));
        let crm = kit::channel(&config.crm)?;
        let cards = crm::CardReader::new(crm.clone());
        consumers::spawn(
            &db,
            &config.redis_url,
            RemoteSource::new(identity, &tokens),
            RemoteSource::new(crm.clone(), &tokens),
            &life,
        )?;
        prune(db.clone(), &config, &life);
        files::fetch::spawn(
            files.clone(),
            db.clone(),
            after.clone(),
            &config.media_names,
            config.clock.clone(),
            &life,
        )?;
        files::delete_unused(files.clone(), db.clone(), config.clock.clone(), &life);

        fold_counts(&db, &life);
        let to_crm = tokens.channel(crm.clone());
        crm_feed::spawn(db.clone(), to_crm, config.clock.clone(), &life);

        let counters = grpc::counter::CounterReader {
            db: db.clone(),
            rights: rights.clone(),
            accounts: Arc::clone(&accounts),
            live: live.clone(),
            counts: live::LiveCounts::new(db.clone(), live.clone(), life.clone()),
            clock: config.clock.clone(),
        };
        let notifications = grpc::notification::Notifications {
            db: db.clone(),
            rights: rights.clone(),
            live: live.clone(),
            after: after.clone(),
            clock: config.clock.clone(),
        };
        let inbox = grpc::inbox::Inbox {
            db: db.clone(),
            rights: rights.clone(),
            accounts: Arc::clone(&accounts),
            cards: cards.clone(),
            live,
            after: after.clone(),
            clock: config.clock.clone(),
        };
        let filters = grpc::filter::Filters {
            db: db.clone(),
            rights: rights.clone(),
            clock: config.clock.clone(),
        };
        let search = grpc::search::Search {
            db: db.clone(),
            rights: rights.clone(),
            accounts: Arc::clone(&accounts),
            crm: CrmInternalServiceClient::new(tokens.channel(crm)),
        };
        let visibility = grpc::visibility::VisibilityQuestions {
            db: db.clone(),
            rounds: grpc::visibility::Rounds::new(&db, &rights, &life),
            rights: rights.clone(),
        };
        let conversations = grpc::conversation::Conversations {
            db: db.clone(),
            after: after.clone(),
            rights,
            cards: cards.clone(),
            accounts,
            clock: config.clock.clone(),
        };
        let attachments = grpc::attachment::Attachments {
            db: db.clone(),
            files: files.clone(),
            rights: conversations.rights.clone(),
            clock: config.clock.clone(),
        };
        let internal = grpc::internal::Internal {
            db: db.clone(),
            after: after.clone(),
        };
        let chats = grpc::chat::Chats {
            db: db.clone(),
            after: after.clone(),
            rights: conversations.rights.clone(),
            cards,
            clients: clients::ClientChecks::new(&config.client_checks, &tokens)?,
            accounts: Arc::clone(&conversations.accounts),
            clock: config.clock.clone(),
        };
        let client_chats = grpc::client_chat::ClientChats {
            db: db.clone(),
            after: after.clone(),
        };
        let connections = grpc::connection::Connections::new(
            db.clone(),
            directory.clone(),
            config.master_key.clone(),
            config.clock.clone(),
        );
        grpc::hub::wakes::listen(&config.redis_url, after.clone(), &life)?;
        let hub = grpc::hub::Hub {
            db: db.clone(),
            ingest,
            files: files.clone(),
            directory,
            after,
            clock: config.clock.clone(),
            key: config.master_key.clone(),
            life: life.clone(),
        };
        let quarantine = grpc::quarantine::Quarantine { hub: hub.clone() };

        let health = db.clone();
        Server::new(NAME)?
            .service(InboxServiceServer::new(inbox).max_decoding_message_size(MAX_REQUEST_BYTES))
            .service(
                NotificationServiceServer::new(notifications)
                    .max_decoding_message_size(MAX_REQUEST_BYTES),
            )
            .service(SearchServiceServer::new(search).max_decoding_message_size(MAX_REQUEST_BYTES))
            .service(FilterServiceServer::new(filters).max_decoding_message_size(MAX_REQUEST_BYTES))
            .service(
                CounterServiceServer::new(counters).max_decoding_message_size(MAX_REQUEST_BYTES),
            )
            .service(
                ConversationServiceServer::new(conversations)
                    .max_decoding_message_size(MAX_REQUEST_BYTES),
            )
            .service(ChatServiceServer::new(chats).max_decoding_message_size(MAX_REQUEST_BYTES))
            .service(
                ClientChatServiceServer::new(client_chats)
                    .max_decoding_message_size(MAX_REQUEST_BYTES),
            )
            .service(
                AttachmentServiceServer::new(attachments)
                    .max_decoding_message_size(MAX_REQUEST_BYTES),
            )
            .service(
                VisibilityServiceServer::new(visibility)
                    .max_decoding_message_size(MAX_REQUEST_BYTES),
            )
            .service(
                ConnectionServiceServer::new(connections)
                    .max_decoding_message_size(MAX_REQUEST_BYTES),
            )
            .service(
                TemplateServiceServer::new(grpc::template::Templates { db: db.clone() })
                    .max_decoding_message_size(MAX_REQUEST_BYTES),
            )
            .service(
                ConnectorHubServiceServer::new(hub).max_decoding_message_size(MAX_REQUEST_BYTES),
            )
            .service(
                QuarantineServiceServer::new(quarantine)
                    .max_decoding_message_size(MAX_REQUEST_BYTES),
            )
            .service(ConversationInternalServiceServer::new(internal))
            .service(
                ErasureStoreServiceServer::new(clients)
                    .max_decoding_message_size(MAX_REQUEST_BYTES),
            )
            .service(EventLogServiceServer::new(EventLog(db)))
            .health(move || {
                let db = health.clone();
                async move { db.is_reachable().await }
            })
            .serve(listener, AuthLayer::new(verifier), life)
            .await
    }
}

/// Deletes old answers of repeated calls, and what is new no longer, now and then.
fn prune(db: Db, config: &Config, life: &Lifecycle) {
    const EVERY: std::time::Duration = std::time::Duration::from_secs(600);
    let (clock, stopping) = (config.clock.clone(), life.stopping());
    life.spawn("prune what is old", async move {
        loop {
            while pg::idempotency::prune(&db, clock.now())
                .await
                .is_ok_and(|deleted| deleted > 0)
            {}
            while store::notifications::prune(&db, clock.now())
                .await
                .is_ok_and(|deleted| deleted > 0)
            {}
            while store::quarantine::prune(&db, clock.now())
                .await
                .is_ok_and(|deleted| deleted > 0)
            {}
            tokio::select! { () = clock.sleep(EVERY) => {}, () = stopping.cancelled() => return }
        }
    });
}

/// Folds changes of counts into sums, as long as there are any. Whoever reads counts adds what is not folded yet: this only keeps that
/// little.
fn fold_counts(db: &Db, life: &Lifecycle) {
    const EVERY: std::time::Duration = std::time::Duration::from_millis(500);
    let session = db.session(SystemScope::for_job("fold counts"));
    let stopping = life.stopping();
    life.spawn("fold counts", async move {
        let clock = types::Clock::system();
        loop {
            tokio::select! { () = clock.sleep(EVERY) => {}, () = stopping.cancelled() => return }
            while session
                .run(|connection| Box::pin(store::counts::fold(connection)))
                .await
                .is_ok_and(|more| more)
            {}
        }
    });
}
