//! The service with what it needs, and actors who call it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use api::cabinet::v1::cabinet_erasure_service_client::CabinetErasureServiceClient;
use api::cabinet::v1::cabinet_service_client::CabinetServiceClient;
use api::cabinet::v1::cabinet_session_service_client::CabinetSessionServiceClient;
use api::cabinet::v1::cabinet_settings_service_client::CabinetSettingsServiceClient;
use api::cabinet::v1::sms_service_client::SmsServiceClient;
use api::cabinet::v1::{
    CabinetSettings, ConfirmCodeRequest, CreateSmsProviderRequest, RequestCodeRequest, SmsProvider,
    UpdateCabinetSettingsRequest,
};
use api::crm::v1::contact_service_client::ContactServiceClient;
use api::crm::v1::deal_service_client::DealServiceClient;
use api::crm::v1::{Contact, CreateContactRequest, CreateDealRequest, Deal, Phone};
use api::identity::internal::v1::{AccountMember, AccountRights};
use api::identity::v1 as id;
use auth::{Principal, Role};
use cabinet::erasure::StoreAt;
use cabinet::sms::Widgets;
use cabinet::{App, Config, Limits, MIGRATIONS};
use kit::lifecycle::Lifecycle;
use prost_types::FieldMask;
use testkit::identity::{Identity, SECRET};
use testkit::{TestDb, wait_for};
use time::OffsetDateTime;
use time::macros::datetime;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use types::{AccountId, Clock, SessionId, UserId};

use crate::erasure::Lossy;
use crate::sms::Provider;

pub const PUBLIC_URL: &str = "https://chat.beseda.example";
/// The number of the client whom the account knows.
pub const PHONE: &str = "+79990000001";
const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

pub struct World {
    pub clock: Clock,
    pub account: AccountId,
    /// An administrator's token.
    pub admin: String,
    pub identity: Identity,
    /// Two providers of SMS, "first" and "second".
    pub sms: [Provider; 2],
    /// An SMS centre.
    #[cfg(feature = "smpp")]
    pub smsc: crate::smsc::Smsc,
    rights: Mutex<AccountRights>,
    doubles: [Identity; 2],
    /// The service under test.
    pub channel: Channel,
    /// crm.
    pub crm: Channel,
    /// conversations.
    pub hub: Channel,
    /// In front of crm as a store of clients' data.
    pub lossy: Lossy,
    life: Lifecycle,
    _folder: tempfile::TempDir,
    // The database goes last.
    pub db: TestDb,
}

impl Drop for World {
    fn drop(&mut self) {
        self.life.stop();
    }
}

impl World {
    pub async fn start() -> Self {
        Self::with(Limits::none()).await
    }

    pub async fn with(limits: Limits) -> Self {
        Self::build(limits, Duration::from_millis(700)).await
    }

    /// One that waits so long for providers of SMS.
    pub async fn patient(sms_patience: Duration) -> Self {
        Self::build(Limits::none(), sms_patience).await
    }

    async fn build(limits: Limits, sms_patience: Duration) -> Self {
        let tables = [&MIGRATIONS, &crm::MIGRATIONS, &conversations::MIGRATIONS];
        let db = testkit::database(&tables).await;
        let (clock, life) = (Clock::manual(NOW), Lifecycle::new());
        let folder = tempfile::tempdir().expect("a folder");
        let (identity, identity_url) = Identity::start("cabinet", clock.clone(), &life).await;
        let (of_crm, crm_identity) = Identity::start("crm", clock.clone(), &life).await;
        let (of_hub, hub_identity) = Identity::start("conversations", clock.clone(), &life).await;
        let crm = run_crm(&db, crm_identity, clock.clone(), &life).await;
        let hub = run_hub(
            &db,
            folder.path(),
            (hub_identity, crm.clone()),
            &clock,
            &life,
        )
        .await;
        let sms = [Provider::start(&life).await, Provider::start(&life).await];
        let mut widgets = Widgets::ready(false);
        let own = [sms[0].description("first"), sms[1].description("second")];
        let own = serde_json::Value::from(own.to_vec());
        widgets.add(&own.to_string()).expect("descriptions");
        #[cfg(feature = "smpp")]
        let smsc = crate::smsc::Smsc::start(&life).await;
        #[cfg(feature = "smpp")]
        {
            let link = serde_json::json!({ "address": smsc.address, "enquire_seconds": 1 });
            let own = serde_json::json!([{ "key": "centre", "title": "Centre", "smpp": link, "errors": { "1035": "money" } }]);
            widgets.add(&own.to_string()).expect("a centre");
        }
        let (lossy, lossy_url) = Lossy::start(&crm, &life).await;
        let config = Config {
            listen: "127.0.0.1:0".parse().expect("an address"),
            database_url: db.url(&MIGRATIONS),
            identity: identity_url,
            crm: crm.clone(),
            conversations: hub.clone(),
            stores: [("crm", lossy_url), ("conversations", hub.clone())]
                .map(|(name, url)| StoreAt {
                    name: name.to_owned(),
                    url,
                })
                .to_vec(),
            service_secret: SECRET.to_owned().into(),
            hub_secret: SECRET.to_owned().into(),
            master_key: testkit::master_key(),
            widgets,
            sms_patience,
            limits,
            public_url: format!("{PUBLIC_URL}/"),
            clock: clock.clone(),
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
            doubles: [of_crm, of_hub],
            channel: kit::channel(&address).expect("an address"),
            crm: kit::channel(&crm).expect("an address"),
            hub: kit::channel(&hub).expect("an address"),
            clock,
            lossy,
            account,
            identity,
            sms,
            #[cfg(feature = "smpp")]
            smsc,
            life,
            _folder: folder,
            db,
        };
        world.admin = world.member("Анна", Role::Administrator);
        world
    }

    /// An employee, whom the other services know as well.
    pub fn member(&self, name: &str, role: Role) -> String {
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
        for double in &self.doubles {
            double.know(self.account, rights.clone());
        }
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

    pub fn client(&self) -> CabinetServiceClient<Channel> {
        CabinetServiceClient::new(self.channel.clone())
    }

    pub fn erasures(&self) -> CabinetErasureServiceClient<Channel> {
        CabinetErasureServiceClient::new(self.channel.clone())
    }

    pub fn providers(&self) -> SmsServiceClient<Channel> {
        SmsServiceClient::new(self.channel.clone())
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

    /// Installs one of the two providers; its id.
    pub async fn install(&self, widget_key: &str) -> String {
        let secret = ("key".to_owned(), "secret of the account".to_owned());
        let request = CreateSmsProviderRequest {
            sms_provider: Some(SmsProvider {
                widget_key: widget_key.to_owned(),
                settings: HashMap::from([secret]),
                ..SmsProvider::default()
            }),
            ..CreateSmsProviderRequest::default()
        };
        let request = with(&self.admin, request);
        let made = self.providers().create_sms_provider(request).await;
        let made = made.expect("installed").into_inner();
        made.sms_provider.expect("it").id
    }

    /// Switches the cabinet on, with both providers; its id.
    pub async fn open(&self) -> String {
        let settings = CabinetSettings {
            enabled: true,
            sms_provider_ids: vec![self.install("first").await, self.install("second").await],
            ..CabinetSettings::default()
        };
        // The hub has to know the connector first.
        wait_for("the cabinet opens", async || {
            let opened = self
                .update(settings.clone(), "enabled,sms_provider_ids")
                .await;
            match opened {
                Ok(settings) => Some(settings.id),
                Err(status) if status.code() == Code::Unavailable => None,
                Err(status) => panic!("{status:?}"),
            }
        })
        .await
    }

    /// A contact with a number; its id.
    pub async fn contact(&self, name: &str, phone: &str) -> String {
        let contact = Contact {
            name: name.to_owned(),
            phones: vec![Phone {
                number: phone.to_owned(),
                label: String::new(),
            }],
            ..Contact::default()
        };
        let request = CreateContactRequest {
            contact: Some(contact),
            ..CreateContactRequest::default()
        };
        let made = ContactServiceClient::new(self.crm.clone())
            .create_contact(with(&self.admin, request))
            .await;
        made.expect("made").into_inner().contact.expect("it").id
    }

    /// A deal of a contact.
    pub async fn deal(&self, deal: Deal) -> Deal {
        let request = CreateDealRequest {
            deal: Some(deal),
            ..CreateDealRequest::default()
        };
        let made = DealServiceClient::new(self.crm.clone())
            .create_deal(with(&self.admin, request))
            .await;
        made.expect("made").into_inner().deal.expect("it")
    }

    /// Asks for a code; the request's token.
    pub async fn ask(&self, cabinet: &str, phone: &str) -> Result<String, Status> {
        let mut request = Request::new(RequestCodeRequest {
            cabinet_id: cabinet.to_owned(),
            phone: phone.to_owned(),
        });
        let address = "203.0.113.7".parse().expect("ASCII");
        request
            .metadata_mut()
            .insert("x-beseda-client-address", address);
        let reply = self.sessions().request_code(request).await?;
        Ok(reply.into_inner().request_token)
    }

    /// Tries a code; the session's token.
    pub async fn confirm(&self, request_token: &str, code: &str) -> Result<String, Status> {
        let request = ConfirmCodeRequest {
            request_token: request_token.to_owned(),
            code: code.to_owned(),
        };
        let reply = self.sessions().confirm_code(request).await?;
        Ok(reply.into_inner().session_token)
    }

    /// Logs the client with [`PHONE`] in; the session's token.
    pub async fn log_in(&self, cabinet: &str) -> String {
        let sent = self.sms[0].taken();
        let before = sent.iter().filter(|sms| sms.to == PHONE[1..]).count();
        let token = self.ask(cabinet, PHONE).await.expect("asked");
        let code = self.sms[0].code(PHONE, before + 1).await;
        self.confirm(&token, &code).await.expect("logged in")
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

/// The real conversations; its address.
async fn run_hub(
    db: &TestDb,
    folder: &Path,
    (identity, crm): (String, String),
    clock: &Clock,
    life: &Lifecycle,
) -> String {
    let config = conversations::Config {
        listen: "127.0.0.1:0".parse().expect("an address"),
        database_url: db.url(&conversations::MIGRATIONS),
        redis_url: db.redis_url().await,
        identity,
        crm,
        service_secret: SECRET.to_owned().into(),
        ingest: conversations::IngestConfig::default(),
        files: conversations::FilesLocation::Folder(folder.to_owned()),
        media_names: Vec::new(),
        client_checks: Vec::new(),
        master_key: testkit::master_key(),
        max_connections: 10,
        clock: clock.clone(),
    };
    let app = conversations::App::build(config).await.expect("built");
    let address = format!("http://{}", app.addr().expect("bound"));
    let running = life.clone();
    life.spawn("hub", async move {
        app.run(running).await.expect("the hub runs");
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
