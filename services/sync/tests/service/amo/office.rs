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
use sqlx::PgConnection;
use sync::{App, Config, MIGRATIONS, Registration};
use testkit::TestDb;
use testkit::identity::{Identity, SECRET};
use time::OffsetDateTime;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Mutex;
use tonic::Status;
use tonic::transport::Channel;
use types::{AccountId, Clock, ConversationId, MessageId, SessionId, UserId};
use url::Url;

use super::fake::{CLIENT_ID, CLIENT_SECRET, Fake, HOST, RETURN_URL};

/// How often the workers look by themselves.
const POLL: Duration = Duration::from_millis(500);
/// By how much a clock that stands is moved while somebody works, and after how long they are looked at again how often.
const MOMENT: Duration = Duration::from_millis(20);
const LOOK: Duration = Duration::from_millis(2);
const LOOKS: usize = 50;

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
    pub clock: Clock,
    administrator: Principal,
    /// Looks at tables and plants messages.
    pub owner: Mutex<PgConnection>,
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
        Self::open_at(Clock::system()).await
    }

    /// The same with this clock.
    pub async fn open_at(clock: Clock) -> Self {
        let db = testkit::database(&[&MIGRATIONS]).await;
        let life = Lifecycle::new();
        let (identity, identity_url) = Identity::start("sync", clock.clone(), &life).await;
        let account = AccountId::generate();
        let mut owner = db.owner().await;
        sqlx::query("SELECT set_config('beseda.system', 'on', false)")
            .execute(&mut owner)
            .await
            .expect("set");
        let office = Self {
            fake: Fake::start(clock.clone()).await,
            account,
            administrator: administrator(account),
            clock,
            owner: Mutex::new(owner),
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
        Self::with_at(Clock::system(), change).await
    }

    /// The same with a clock that stands until the test moves it.
    pub async fn with_still_clock(change: impl FnOnce(&mut Integration)) -> (Self, Integration) {
        let clock = Clock::manual(Clock::system().now());
        Self::with_at(clock, change).await
    }

    async fn with_at(clock: Clock, change: impl FnOnce(&mut Integration)) -> (Self, Integration) {
        let office = Self::open_at(clock).await;
        let portal = office.connect().await.expect("connected");
        let mut draft = office.draft(&portal.id);
        change(&mut draft);
        // To ask the portal what it has takes several of its turns.
        let made = office.while_time_passes(office.create(draft)).await;
        (office, made.expect("created"))
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
            clock: self.clock.clone(),
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

    pub async fn run_service(&self) -> RunServiceClient<Channel> {
        RunServiceClient::new(self.channel().await)
    }

    pub fn ask<T>(&self, message: T) -> tonic::Request<T> {
        ask_as(&self.identity.token(self.administrator.clone()), message)
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
            "channel": "telegram", "external_id": says.client, "client_name": says.name, "client_phone": says.phone,
            "message": "Сколько стоит?", "conversation_number": place.to_string(), "utm_campaign": "spring",
        });
        let (message, now) = (MessageId::generate().uuid(), self.clock.now());
        let mut owner = self.owner.lock().await;
        sqlx::query(
            "INSERT INTO sync.requests (account_id, conversation_id, number, client_key, facts, is_group, first_message_id, occasion,
                                        message_time, create_time)
             VALUES ($1, $2, $3, $4, $5, false, $6, $7, $8, $8)
             ON CONFLICT (account_id, conversation_id) DO UPDATE SET occasion = excluded.occasion",
        )
        .bind(self.account.uuid())
        .bind(id.uuid())
        .bind(place)
        .bind(&key)
        .bind(&facts)
        .bind(message)
        .bind(says.occasion)
        .bind(now)
        .execute(&mut *owner)
        .await
        .expect("planted");
        sqlx::query(
            "WITH client AS (INSERT INTO sync.clients (account_id, client_key, due_time) VALUES ($1, $2, $8)
                             ON CONFLICT (account_id, client_key) DO NOTHING)
             INSERT INTO sync.jobs (account_id, client_key, place, job_id, conversation_id, occasion, facts, message_time, is_rerun)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, false)",
        )
        .bind(self.account.uuid())
        .bind(&key)
        .bind(place)
        .bind(message)
        .bind(id.uuid())
        .bind(says.occasion)
        .bind(&facts)
        .bind(now)
        .execute(&mut *owner)
        .await
        .expect("planted");
        id
    }

    /// The runs, the oldest first, once so many are at their end and no job is left.
    pub async fn settled(&self, count: usize) -> Vec<Run> {
        // Time that stands goes on slowly where the machine is slow.
        let limit = Duration::from_secs(180);
        let wanted = "the runs are at their end";
        let runs = testkit::wait_for_state_within(limit, wanted, async || {
            if self.clock.set_by_hand().is_some() {
                self.pass(POLL).await;
            }
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
        let request = self.ask(ListRunsRequest {
            page_size: 200,
            ..ListRunsRequest::default()
        });
        let listed = self.run_service().await.list_runs(request).await;
        listed.expect("listed").into_inner().runs
    }

    pub async fn jobs(&self) -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM sync.jobs");
        let mut owner = self.owner.lock().await;
        count.fetch_one(&mut *owner).await.expect("counted")
    }

    /// Lets a clock that stands go on for so long. Whatever is due at a moment is done before the clock moves on.
    pub async fn pass(&self, time: Duration) {
        let end = self.clock.now() + time;
        while self.clock.now() < end {
            let left = end - self.clock.now();
            self.tick(left.unsigned_abs()).await;
        }
    }

    /// Lets a clock that stands go on until something is done.
    pub async fn while_time_passes<T>(&self, done: impl Future<Output = T>) -> T {
        let (mut done, system) = (std::pin::pin!(done), Clock::system());
        loop {
            tokio::select! {
                done = &mut done => return done,
                () = system.sleep(LOOK) => self.clock.advance(MOMENT),
            }
        }
    }

    /// Moves the clock to when a client is due, where no worker has one: at most so far. Where one has, it may wait for its turn with the
    /// portal: then by a moment.
    async fn tick(&self, most: Duration) {
        let Some(now) = self.clock.set_by_hand() else {
            return;
        };
        for look in 0..LOOKS {
            match self.next_due().await {
                (0, None) => return self.clock.advance(most),
                (0, Some(due)) if due > now => {
                    let until = (due - now).unsigned_abs().max(POLL);
                    return self.clock.advance(until.min(most));
                }
                (1.., _) if look >= LOOKS / 10 => return self.clock.advance(MOMENT),
                // Workers are about to look, or work.
                _ => Clock::system().sleep(LOOK).await,
            }
        }
        self.clock.advance(POLL);
    }

    /// How many clients workers have, and when the next of the others is due.
    async fn next_due(&self) -> (i64, Option<OffsetDateTime>) {
        let found = sqlx::query_as(
            "SELECT count(holder), min(due_time) FILTER (WHERE holder IS NULL) FROM sync.clients",
        );
        let mut owner = self.owner.lock().await;
        found.fetch_one(&mut *owner).await.expect("read")
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
    pub name: &'a str,
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
        name: "Иван",
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

pub fn administrator(account: AccountId) -> Principal {
    Principal::Employee {
        account,
        user: UserId::generate(),
        session: SessionId::generate(),
        role: Role::Administrator,
        group: None,
        name: "Администратор".to_owned(),
    }
}

pub fn ask_as<T>(token: &str, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let value = format!("Bearer {token}").parse().expect("a header");
    request.metadata_mut().insert("authorization", value);
    request
}
