//! The service with what it needs, and actors who call it.

use std::sync::Mutex;

use api::cabinet::v1::cabinet_session_service_client::CabinetSessionServiceClient;
use api::cabinet::v1::cabinet_settings_service_client::CabinetSettingsServiceClient;
use api::cabinet::v1::{CabinetSettings, UpdateCabinetSettingsRequest};
use api::identity::internal::v1::{AccountMember, AccountRights};
use api::identity::v1 as id;
use auth::{Principal, Role};
use cabinet::{App, Config, MIGRATIONS};
use kit::lifecycle::Lifecycle;
use prost_types::FieldMask;
use testkit::TestDb;
use testkit::identity::{Identity, SECRET};
use time::OffsetDateTime;
use time::macros::datetime;
use tonic::transport::Channel;
use tonic::{Request, Status};
use types::{AccountId, Clock, SessionId, UserId};

pub const PUBLIC_URL: &str = "https://chat.beseda.example";
const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

pub struct World {
    pub account: AccountId,
    /// An administrator's token.
    pub admin: String,
    pub identity: Identity,
    rights: Mutex<AccountRights>,
    /// The service under test.
    pub channel: Channel,
    /// crm.
    pub crm: Channel,
    life: Lifecycle,
    // The database goes last.
    _db: TestDb,
}

impl Drop for World {
    fn drop(&mut self) {
        self.life.stop();
    }
}

impl World {
    pub async fn start() -> Self {
        let db = testkit::database(&[&MIGRATIONS, &crm::MIGRATIONS]).await;
        let (clock, life) = (Clock::manual(NOW), Lifecycle::new());
        let (identity, identity_url) = Identity::start("cabinet", clock.clone(), &life).await;
        let (of_crm, crm_identity) = Identity::start("crm", clock.clone(), &life).await;
        let crm_url = run_crm(&db, crm_identity, clock.clone(), &life).await;
        let config = Config {
            listen: "127.0.0.1:0".parse().expect("an address"),
            database_url: db.url(&MIGRATIONS),
            identity: identity_url,
            crm: crm_url.clone(),
            service_secret: SECRET.to_owned().into(),
            master_key: testkit::master_key(),
            public_url: format!("{PUBLIC_URL}/"),
            clock,
        };
        let app = App::build(config).await.expect("the service is built");
        let address = format!("http://{}", app.addr());
        let running = life.clone();
        life.spawn("app", async move {
            app.run(running).await.expect("the service runs");
        });
        let account = AccountId::generate();
        let rights = AccountRights {
            account_id: account.uuid().as_bytes().to_vec(),
            ..AccountRights::default()
        };
        let mut world = Self {
            admin: String::new(),
            rights: Mutex::new(rights),
            channel: kit::channel(&address).expect("an address"),
            crm: kit::channel(&crm_url).expect("an address"),
            _db: db,
            account,
            identity,
            life,
        };
        world.admin = world.member(&of_crm, "Анна", Role::Administrator);
        world
    }

    /// An employee, whom crm knows as well.
    pub fn member(&self, of_crm: &Identity, name: &str, role: Role) -> String {
        let user = UserId::generate();
        let member = AccountMember {
            user_id: user.uuid().as_bytes().to_vec(),
            name: name.to_owned(),
            role: match role {
                Role::Administrator => id::Role::Administrator,
                Role::Manager => id::Role::Manager,
            }
            .into(),
            group_id: Vec::new(),
            language: "ru".to_owned(),
            active: true,
        };
        let mut rights = self.rights.lock().expect("not poisoned");
        rights.members.push(member);
        rights.epoch += 1;
        of_crm.know(self.account, rights.clone());
        self.identity.token(Principal::Employee {
            account: self.account,
            user,
            session: SessionId::generate(),
            role,
            group: None,
            name: name.to_owned(),
        })
    }

    pub fn settings_of(&self) -> CabinetSettingsServiceClient<Channel> {
        CabinetSettingsServiceClient::new(self.channel.clone())
    }

    pub fn sessions(&self) -> CabinetSessionServiceClient<Channel> {
        CabinetSessionServiceClient::new(self.channel.clone())
    }

    /// Changes settings; `paths` are separated by commas.
    pub async fn update(
        &self,
        settings: CabinetSettings,
        paths: &str,
    ) -> Result<CabinetSettings, Status> {
        let paths = paths.split(',').map(str::to_owned).collect();
        let request = UpdateCabinetSettingsRequest {
            settings: Some(settings),
            update_mask: Some(FieldMask { paths }),
        };
        let request = with(&self.admin, request);
        let reply = self.settings_of().update_cabinet_settings(request).await?;
        Ok(reply.into_inner().settings.expect("settings"))
    }
}

/// The real crm; its address.
async fn run_crm(db: &TestDb, identity: String, clock: Clock, life: &Lifecycle) -> String {
    let config = crm::Config {
        listen: "127.0.0.1:0".parse().expect("an address"),
        database_url: db.url(&crm::MIGRATIONS),
        redis_url: db.redis_url().await,
        identity,
        service_secret: SECRET.to_owned().into(),
        clock,
    };
    let app = crm::App::build(config).await.expect("crm is built");
    let address = format!("http://{}", app.addr().expect("bound"));
    let running = life.clone();
    life.spawn("crm", async move {
        app.run(running).await.expect("crm runs");
    });
    address
}

/// A call with a token.
pub fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().expect("ASCII");
    request.metadata_mut().insert("authorization", value);
    request
}

/// Reason and what it is about, in one line.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
    use tonic_types::StatusExt;
    let status = result.expect_err("refused");
    let details = status.get_error_details();
    let info = details.error_info().expect("a reason");
    let metadata = info.metadata.iter();
    let mut about: Vec<_> = metadata
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if let Some(bad) = details.bad_request() {
        about.extend(bad.field_violations.iter().map(|it| it.field.clone()));
    }
    about.sort();
    format!("{} {{{}}}", info.reason, about.join("; "))
}
