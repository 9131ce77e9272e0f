//! The service of one test, and who calls it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use api::error::v1::ErrorReason;
use api::identity::internal::v1::identity_internal_service_client::IdentityInternalServiceClient;
use api::identity::v1::account_service_client::AccountServiceClient;
use api::identity::v1::api_key_service_client::ApiKeyServiceClient;
use api::identity::v1::audit_service_client::AuditServiceClient;
use api::identity::v1::crm_widget_service_client::CrmWidgetServiceClient;
use api::identity::v1::group_service_client::GroupServiceClient;
use api::identity::v1::rights_service_client::RightsServiceClient;
use api::identity::v1::session_service_client::SessionServiceClient;
use api::identity::v1::user_service_client::UserServiceClient;
use api::identity::v1::{
    ApiKey, AuditEntry, CreateApiKeyRequest, CreateGroupRequest, CreateUserRequest,
    GetCallerRequest, Group, ListAuditEntriesRequest, LogInRequest, LogInResponse, Role, TokenPair,
    User,
};
use identity::admin::{NewAccount, Plan, Subscription};
use identity::{App, Config, MIGRATIONS, Rule};
use kit::lifecycle::Lifecycle;
use testkit::TestDb;
use testkit::identity::Identity;
use time::macros::datetime;
use tonic::transport::Channel;
use tonic::{Request, Status};
use types::{AccountId, Clock};

pub const PASSWORD: &str = "correct horse battery";

/// A running service with a database and a Redis of its own, and a clock that stands still. Tests have several threads: a
/// connection that the service is just opening must get its answer while the test drops the database, or the database waits
/// a minute for it.
pub struct TestApp {
    pub db: Arc<TestDb>,
    pub operator: pg::Db,
    pub clock: Clock,
    pub channel: Channel,
    /// Knows which stages there are.
    pub crm: Identity,
    life: Lifecycle,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    pub async fn start_with(log_in_limit: Option<Rule>) -> Self {
        let db = Arc::new(testkit::database(&[&MIGRATIONS]).await);
        let clock = Clock::manual(datetime!(2026-03-01 12:00:00 UTC));
        Self::serve(db, clock, log_in_limit).await
    }

    /// Another replica on the same stores.
    pub async fn replica(&self, log_in_limit: Option<Rule>) -> Self {
        Self::serve(Arc::clone(&self.db), self.clock.clone(), log_in_limit).await
    }

    async fn serve(db: Arc<TestDb>, clock: Clock, log_in_limit: Option<Rule>) -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (url, redis) = (db.url(&MIGRATIONS), db.redis_url().await);
        let life = Lifecycle::new();
        let (crm, crm_url) = Identity::start("identity", clock.clone(), &life).await;
        let mut config = Config::new(
            listen,
            url.clone(),
            redis,
            crm_url,
            testkit::master_key(),
            clock.clone(),
        );
        config.log_in_limit = log_in_limit;
        let app = App::build(config).await.expect("identity starts");
        let channel = kit::channel(&format!("http://{}", app.addr())).expect("an address");
        let running = app.run(life.clone());
        life.spawn("identity", async move {
            running.await.expect("identity serves");
        });
        let operator = pg::Db::connect(&pg::Config::new(url), &MIGRATIONS)
            .await
            .expect("a database");
        Self {
            db,
            operator,
            clock,
            channel,
            crm,
            life,
        }
    }

    /// An account whose administrator is logged in.
    pub async fn account(&self, email: &str) -> Employee {
        let new = NewAccount {
            title: "Ромашка".to_owned(),
            language: "ru".to_owned(),
            plan: Plan::Professional,
            subscription: Subscription::Active,
            imbox: false,
            email: email.to_owned(),
            name: "Анна".to_owned(),
            password: PASSWORD.to_owned().into(),
        };
        let created = identity::admin::create_account(&self.operator, &self.clock, new)
            .await
            .expect("an account");
        assert!(created.new);
        self.log_in(email).await
    }

    pub async fn log_in(&self, email: &str) -> Employee {
        let reply = self.try_log_in(email, PASSWORD).await.expect("logged in");
        let (tokens, user) = (reply.tokens.expect("tokens"), reply.user.expect("a user"));
        let caller = Caller {
            channel: self.channel.clone(),
            token: tokens.access_token.clone(),
        };
        let who = caller
            .sessions()
            .get_caller(caller.with(GetCallerRequest {}))
            .await
            .expect("a caller");
        let account = who.into_inner().account_id.parse().expect("an account id");
        Employee {
            caller,
            account,
            tokens,
            user,
        }
    }

    pub async fn try_log_in(&self, email: &str, password: &str) -> Result<LogInResponse, Status> {
        let request = LogInRequest {
            email: email.to_owned(),
            password: password.to_owned(),
            device: "Firefox".to_owned(),
        };
        Ok(SessionServiceClient::new(self.channel.clone())
            .log_in(request)
            .await?
            .into_inner())
    }

    pub fn caller(&self, token: &str) -> Caller {
        Caller {
            channel: self.channel.clone(),
            token: token.to_owned(),
        }
    }

    pub fn internal(&self) -> IdentityInternalServiceClient<Channel> {
        IdentityInternalServiceClient::new(self.channel.clone())
    }

    /// Waits until the service refuses this caller, and says why.
    pub async fn refusal_of(&self, caller: &Caller) -> ErrorReason {
        testkit::wait_for("the token is refused", async || {
            let outcome = caller
                .sessions()
                .get_caller(caller.with(GetCallerRequest {}))
                .await;
            outcome.err().map(|status| reason(&status))
        })
        .await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.life.stop();
    }
}

/// Somebody with a token.
#[derive(Clone)]
pub struct Caller {
    channel: Channel,
    pub token: String,
}

impl Caller {
    pub fn with<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let value = format!("Bearer {}", self.token).parse().expect("a header");
        request.metadata_mut().insert("authorization", value);
        request
    }

    pub fn sessions(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(self.channel.clone())
    }

    pub fn users(&self) -> UserServiceClient<Channel> {
        UserServiceClient::new(self.channel.clone())
    }

    pub fn groups(&self) -> GroupServiceClient<Channel> {
        GroupServiceClient::new(self.channel.clone())
    }

    pub fn accounts(&self) -> AccountServiceClient<Channel> {
        AccountServiceClient::new(self.channel.clone())
    }

    pub fn api_keys(&self) -> ApiKeyServiceClient<Channel> {
        ApiKeyServiceClient::new(self.channel.clone())
    }

    pub fn crm_widgets(&self) -> CrmWidgetServiceClient<Channel> {
        CrmWidgetServiceClient::new(self.channel.clone())
    }

    pub fn rights(&self) -> RightsServiceClient<Channel> {
        RightsServiceClient::new(self.channel.clone())
    }

    pub async fn create_user(&self, request: CreateUserRequest) -> Result<User, Status> {
        let reply = self.users().create_user(self.with(request)).await?;
        Ok(reply.into_inner().user.expect("a user"))
    }

    pub async fn add(&self, email: &str, role: Role) -> User {
        self.create_user(new_user(email, role))
            .await
            .expect("a user")
    }

    pub async fn add_group(&self, name: &str) -> Group {
        let group = Group {
            name: name.to_owned(),
            ..Group::default()
        };
        let request = CreateGroupRequest {
            group: Some(group),
            request_id: String::new(),
        };
        let reply = self
            .groups()
            .create_group(self.with(request))
            .await
            .expect("a group");
        reply.into_inner().group.expect("a group")
    }

    pub async fn add_key(&self, scopes: &[&str]) -> Result<(ApiKey, String), Status> {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let key = ApiKey {
            name: "Склад".to_owned(),
            scopes,
            ..ApiKey::default()
        };
        let request = CreateApiKeyRequest { api_key: Some(key) };
        let reply = self
            .api_keys()
            .create_api_key(self.with(request))
            .await?
            .into_inner();
        Ok((reply.api_key.expect("a key"), reply.secret))
    }

    pub async fn audit(&self) -> Vec<AuditEntry> {
        let request = self.with(ListAuditEntriesRequest::default());
        let reply = AuditServiceClient::new(self.channel.clone())
            .list_audit_entries(request)
            .await;
        reply.expect("entries").into_inner().entries
    }
}

/// An employee who is logged in.
pub struct Employee {
    pub caller: Caller,
    pub account: AccountId,
    pub tokens: TokenPair,
    pub user: User,
}

impl std::ops::Deref for Employee {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

pub fn new_user(email: &str, role: Role) -> CreateUserRequest {
    let user = User {
        email: email.to_owned(),
        name: "Борис".to_owned(),
        role: role.into(),
        ..User::default()
    };
    CreateUserRequest {
        user: Some(user),
        password: PASSWORD.to_owned(),
        request_id: String::new(),
    }
}

pub fn reason(status: &Status) -> ErrorReason {
    kit::refusal::reason_of(status)
        .unwrap_or_else(|| panic!("a status without a reason: {status:?}"))
}
