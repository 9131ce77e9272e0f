//! An account with a portal, replicas of the service, and clients who write.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use api::sync::v1::integration_service_client::IntegrationServiceClient;
use api::sync::v1::portal_service_client::PortalServiceClient;
use api::sync::v1::run_service_client::RunServiceClient;
use api::sync::v1::{
    AmoCrmTarget, BeginPortalConnectionRequest, CompletePortalConnectionRequest,
    CreateIntegrationRequest, GetPortalRequest, GetPortalResponse, Integration, ListRunsRequest,
    Portal, Run, RunState, Target, TransferMethod, target,
};
use auth::{Principal, Role};
use kit::lifecycle::Lifecycle;
use serde_json::json;
use sync::{App, Config, MIGRATIONS, Registration};
use testkit::TestDb;
use testkit::identity::{Identity, SECRET};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Mutex;
use tonic::Status;
use tonic::transport::Channel;
use types::{AccountId, Clock, ConversationId, MessageId, SessionId, UserId};
use url::Url;

use super::fake::{CLIENT_ID, CLIENT_SECRET, Fake, HOST, RETURN_URL};

/// A replica in a runtime of its own, so that it can be killed wherever it is.
pub struct Replica {
    runtime: Option<Runtime>,
    channel: Channel,
}

impl Replica {
    /// Ends it at once: nothing is finished, nothing is cleaned up.
    pub fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}

pub struct Office {
    pub fake: Fake,
    pub account: AccountId,
    pub identity: Identity,
    pub db: TestDb,
    identity_url: String,
    redis_url: String,
    token: String,
    replicas: Mutex<Vec<Replica>>,
    life: Lifecycle,
    place: std::sync::atomic::AtomicI64,
}

impl Drop for Office {
    fn drop(&mut self) {
        self.life.stop();
    }
}

impl Office {
    /// With one replica, and no portal yet.
    pub async fn open() -> Self {
        let db = testkit::database(&[&MIGRATIONS]).await;
        let (clock, life) = (Clock::system(), Lifecycle::new());
        let (identity, identity_url) = Identity::start("sync", clock, &life).await;
        let account = AccountId::generate();
        let office = Self {
            fake: Fake::start().await,
            account,
            token: administrator(&identity, account),
            redis_url: db.redis_url().await,
            identity,
            identity_url,
            db,
            replicas: Mutex::default(),
            life,
            place: 0.into(),
        };
        office.start().await;
        office
    }

    /// With a portal, and an integration that takes everything of Telegram.
    pub async fn with(change: impl FnOnce(&mut Integration)) -> (Self, Integration) {
        let office = Self::open().await;
        let portal = office.connect().await.expect("connected");
        let mut draft = office.draft(&portal.id);
        change(&mut draft);
        let made = office.create(draft).await.expect("created");
        (office, made)
    }

    fn config(&self) -> Config {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            database_url: self.db.url(&MIGRATIONS),
            redis_url: self.redis_url.clone(),
            crm: self.identity_url.clone(),
            conversations: self.identity_url.clone(),
            identity: self.identity_url.clone(),
            service_secret: SECRET.to_owned().into(),
            master_key: testkit::master_key(),
            amo: Some(Registration {
                client_id: CLIENT_ID.to_owned(),
                client_secret: CLIENT_SECRET.to_owned().into(),
                return_url: RETURN_URL.to_owned(),
                authorize_url: Registration::usual_page(),
                api_url: Some(Url::parse(&self.fake.url).expect("a URL")),
                patience: Duration::from_secs(10),
                settle: Duration::ZERO,
            }),
            clock: Clock::system(),
        }
    }

    /// One more replica.
    pub async fn start(&self) {
        let config = self.config();
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let (told, address) = tokio::sync::oneshot::channel();
        runtime.spawn(async move {
            let app = App::build(config).await.expect("the service is built");
            let _ = told.send(app.addr().expect("bound"));
            app.run(Lifecycle::new()).await
        });
        let address = address.await.expect("the service is built");
        let channel = kit::channel(&format!("http://{address}")).expect("an address");
        self.replicas.lock().await.push(Replica {
            runtime: Some(runtime),
            channel,
        });
    }

    /// Kills the oldest replica.
    pub async fn kill(&self) {
        self.replicas.lock().await.remove(0).kill();
    }

    async fn channel(&self) -> Channel {
        let replicas = self.replicas.lock().await;
        replicas.last().expect("a replica").channel.clone()
    }

    pub async fn portals(&self) -> PortalServiceClient<Channel> {
        PortalServiceClient::new(self.channel().await)
    }

    pub async fn integrations(&self) -> IntegrationServiceClient<Channel> {
        IntegrationServiceClient::new(self.channel().await)
    }

    pub fn ask<T>(&self, message: T) -> tonic::Request<T> {
        ask_as(&self.token, message)
    }

    /// Begins; the state that comes back.
    pub async fn begin(&self) -> String {
        let begun = self
            .portals()
            .await
            .begin_portal_connection(self.ask(BeginPortalConnectionRequest {}))
            .await
            .expect("begun")
            .into_inner();
        let url = Url::parse(&begun.url).expect("an address");
        assert_eq!(url.host_str(), Some("www.amocrm.ru"));
        let asked: HashMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(asked["client_id"], CLIENT_ID);
        asked["state"].clone()
    }

    /// Connects the portal, or connects it again.
    pub async fn connect(&self) -> Result<Portal, Status> {
        let request = CompletePortalConnectionRequest {
            code: self.fake.code(),
            state: self.begin().await,
            referer: HOST.to_owned(),
        };
        let mut portals = self.portals().await;
        let done = portals
            .complete_portal_connection(self.ask(request))
            .await?;
        Ok(done.into_inner().portal.expect("a portal"))
    }

    pub async fn portal(&self, id: &str) -> GetPortalResponse {
        let request = self.ask(GetPortalRequest {
            portal_id: id.to_owned(),
        });
        let told = self.portals().await.get_portal(request).await;
        told.expect("told").into_inner()
    }

    /// Settings that take everything of Telegram.
    pub fn draft(&self, portal: &str) -> Integration {
        Integration {
            name: "Чаты".into(),
            enabled: true,
            exclusive: true,
            channels: vec!["telegram".into()],
            method: TransferMethod::ContactAndDeal.into(),
            responsible_employee_id: "501".into(),
            target: Some(to_portal(portal)),
            ..Integration::default()
        }
    }

    pub async fn create(&self, integration: Integration) -> Result<Integration, Status> {
        let request = self.ask(CreateIntegrationRequest {
            integration: Some(integration),
            request_id: String::new(),
        });
        let made = self
            .integrations()
            .await
            .create_integration(request)
            .await?;
        Ok(made.into_inner().integration.expect("an integration"))
    }

    /// A client writes.
    pub async fn write(&self, says: &Says<'_>) -> ConversationId {
        let place = self
            .place
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            + 1;
        let id = says.conversation.unwrap_or_else(ConversationId::generate);
        let key = format!("telegram\n{}", says.client);
        let facts = json!({
            "channel": "telegram", "external_id": says.client, "client_name": "Иван", "client_phone": says.phone,
            "message": "Сколько стоит?", "conversation_number": place.to_string(), "utm_campaign": "spring",
        });
        let (message, mut owner) = (MessageId::generate().uuid(), self.db.owner().await);
        sqlx::query("SELECT set_config('beseda.system', 'on', false)")
            .execute(&mut owner)
            .await
            .expect("set");
        sqlx::query(
            "INSERT INTO sync.requests (account_id, conversation_id, number, client_key, facts, is_group, first_message_id, occasion,
                                        message_time, create_time)
             VALUES ($1, $2, $3, $4, $5, false, $6, $7, now(), now())
             ON CONFLICT (account_id, conversation_id) DO UPDATE SET occasion = excluded.occasion",
        )
        .bind(self.account.uuid())
        .bind(id.uuid())
        .bind(place)
        .bind(&key)
        .bind(&facts)
        .bind(message)
        .bind(says.occasion)
        .execute(&mut owner)
        .await
        .expect("planted");
        sqlx::query(
            "WITH client AS (INSERT INTO sync.clients (account_id, client_key, due_time) VALUES ($1, $2, now())
                             ON CONFLICT (account_id, client_key) DO NOTHING)
             INSERT INTO sync.jobs (account_id, client_key, place, job_id, conversation_id, occasion, facts, message_time, is_rerun)
             VALUES ($1, $2, $3, $4, $5, $6, $7, now(), false)",
        )
        .bind(self.account.uuid())
        .bind(&key)
        .bind(place)
        .bind(message)
        .bind(id.uuid())
        .bind(says.occasion)
        .bind(&facts)
        .execute(&mut owner)
        .await
        .expect("planted");
        id
    }

    /// The runs, the oldest first, once so many are at their end and no job is left.
    pub async fn settled(&self, count: usize) -> Vec<Run> {
        let runs = testkit::wait_for_state("the runs are at their end", async || {
            let runs = self.runs().await;
            let is_open = |run: &Run| run.state() == RunState::Pending;
            if runs.len() >= count && !runs.iter().any(is_open) && self.jobs().await == 0 {
                Ok(runs)
            } else {
                Err(format!("{runs:#?}"))
            }
        });
        let mut runs = runs.await;
        runs.reverse();
        runs
    }

    pub async fn runs(&self) -> Vec<Run> {
        let request = self.ask(ListRunsRequest::default());
        let mut runs = RunServiceClient::new(self.channel().await);
        let listed = runs.list_runs(request).await;
        listed.expect("listed").into_inner().runs
    }

    pub async fn jobs(&self) -> i64 {
        let mut owner = self.db.owner().await;
        sqlx::query("SELECT set_config('beseda.system', 'on', false)")
            .execute(&mut owner)
            .await
            .expect("set");
        let count = sqlx::query_scalar("SELECT count(*) FROM sync.jobs");
        count.fetch_one(&mut owner).await.expect("counted")
    }

    /// How many contacts, deals, notes and tasks the portal has.
    pub fn made(&self) -> [usize; 4] {
        let state = self.fake.state();
        let notes = state.notes.values().map(Vec::len).sum();
        [
            state.contacts.len(),
            state.leads.len(),
            notes,
            state.tasks.len(),
        ]
    }
}

/// What a client does.
pub struct Says<'a> {
    pub client: &'a str,
    pub phone: &'a str,
    /// Of which conversation it is; `None`: a new one.
    pub conversation: Option<ConversationId>,
    /// 1 new, 2 closed, 3 active.
    pub occasion: i16,
}

/// A first message.
pub fn hello(client: &str) -> Says<'_> {
    Says {
        client,
        phone: "",
        conversation: None,
        occasion: 1,
    }
}

pub fn to_portal(portal: &str) -> Target {
    Target {
        target: Some(target::Target::AmoCrm(AmoCrmTarget {
            portal_id: portal.to_owned(),
        })),
    }
}

pub fn administrator(identity: &Identity, account: AccountId) -> String {
    identity.token(Principal::Employee {
        account,
        user: UserId::generate(),
        session: SessionId::generate(),
        role: Role::Administrator,
        group: None,
        name: "Администратор".to_owned(),
    })
}

pub fn ask_as<T>(token: &str, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let value = format!("Bearer {token}").parse().expect("a header");
    request.metadata_mut().insert("authorization", value);
    request
}
