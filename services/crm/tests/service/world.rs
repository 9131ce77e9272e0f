//! The service with what it needs, and actors who call it.

use std::sync::Mutex;
use std::time::Duration;

use api::crm::internal::v1::crm_internal_service_client::CrmInternalServiceClient;
use api::crm::v1::access_service_client::AccessServiceClient;
use api::crm::v1::company_service_client::CompanyServiceClient;
use api::crm::v1::contact_service_client::ContactServiceClient;
use api::crm::v1::customer_service_client::CustomerServiceClient;
use api::crm::v1::deal_service_client::DealServiceClient;
use api::crm::v1::field_service_client::FieldServiceClient;
use api::crm::v1::pipeline_service_client::PipelineServiceClient;
use api::crm::v1::tag_service_client::TagServiceClient;
use api::crm::v1::task_service_client::TaskServiceClient;
use api::crm::v1::timeline_service_client::TimelineServiceClient;
use api::crm::v1::unsorted_service_client::UnsortedServiceClient;
use api::crm::v1::{
    Contact, CreateContactRequest, CreateDealRequest, CreatePipelineRequest, Deal,
    GetContactRequest, GetDealRequest, ListContactsRequest, ListDealsRequest, Pipeline, Stage,
};
use api::erasure::internal::v1::erasure_store_service_client::ErasureStoreServiceClient;
use api::error::v1::ErrorReason;
use api::identity::internal::v1::{AccountMember, AccountRights};
use api::identity::v1 as id;
use auth::{Principal, Role};
use crm::{App, Config, MIGRATIONS};
use kit::lifecycle::Lifecycle;
use prost::Message;
use testkit::TestDb;
use time::OffsetDateTime;
use time::macros::datetime;
use tonic::transport::Channel;
use tonic::{Request, Status};
use types::{AccountId, ApiKeyId, Clock, GroupId, SessionId, UserId};

use testkit::identity::{Identity, SECRET};

const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

pub struct World {
    pub db: TestDb,
    pub clock: Clock,
    pub account: AccountId,
    pub admin: Who,
    identity: Identity,
    rights: Mutex<AccountRights>,
    channel: Channel,
    life: Lifecycle,
}

impl Drop for World {
    fn drop(&mut self) {
        self.life.stop();
    }
}

/// Somebody who calls.
#[derive(Clone)]
pub struct Who {
    pub token: String,
    pub user: Option<UserId>,
}

impl Who {
    pub fn ask<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let value = format!("Bearer {}", self.token).parse().expect("a header");
        request.metadata_mut().insert("authorization", value);
        request
    }

    /// Their id as requests have it.
    pub fn id(&self) -> String {
        self.user.expect("an employee").to_string()
    }
}

impl World {
    pub async fn start() -> Self {
        let db = testkit::database(&[&MIGRATIONS]).await;
        let (clock, life) = (Clock::manual(NOW), Lifecycle::new());
        let (identity, identity_url) = Identity::start("crm", clock.clone(), &life).await;
        let config = Config {
            listen: "127.0.0.1:0".parse().expect("an address"),
            database_url: db.url(&MIGRATIONS),
            redis_url: db.redis_url().await,
            identity: identity_url,
            service_secret: SECRET.to_owned().into(),
            clock: clock.clone(),
        };
        let app = App::build(config).await.expect("the service is built");
        let address = format!("http://{}", app.addr().expect("bound"));
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
            channel: kit::channel(&address).expect("an address"),
            admin: Who {
                token: String::new(),
                user: None,
            },
            rights: Mutex::new(rights),
            db,
            clock,
            account,
            identity,
            life,
        };
        world.admin = world.member("Анна", Role::Administrator, None);
        world
    }

    /// Adds an employee; no event tells of them yet.
    pub fn member(&self, name: &str, role: Role, group: Option<GroupId>) -> Who {
        let user = UserId::generate();
        let member = AccountMember {
            user_id: user.uuid().as_bytes().to_vec(),
            name: name.to_owned(),
            role: match role {
                Role::Administrator => id::Role::Administrator,
                Role::Manager => id::Role::Manager,
            }
            .into(),
            group_id: group
                .map(|group| group.uuid().as_bytes().to_vec())
                .unwrap_or_default(),
            language: "ru".to_owned(),
            active: true,
        };
        self.change_rights(|rights| rights.members.push(member));
        let principal = Principal::Employee {
            account: self.account,
            user,
            session: SessionId::generate(),
            role,
            group,
            name: name.to_owned(),
        };
        Who {
            token: self.identity.token(principal),
            user: Some(user),
        }
    }

    /// An employee of whom the service has been told.
    pub async fn manager(&self, name: &str, group: Option<GroupId>) -> Who {
        let manager = self.member(name, Role::Manager, group);
        self.tell_rights().await;
        manager
    }

    pub fn program(&self, scopes: &[&str]) -> Who {
        let principal = Principal::Program {
            account: self.account,
            key: ApiKeyId::generate(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        };
        Who {
            token: self.identity.token(principal),
            user: None,
        }
    }

    /// The administrator of another account, which this service does not know yet.
    pub fn stranger(&self) -> Who {
        let (account, user) = (AccountId::generate(), UserId::generate());
        let member = AccountMember {
            user_id: user.uuid().as_bytes().to_vec(),
            role: id::Role::Administrator.into(),
            active: true,
            ..AccountMember::default()
        };
        let rights = AccountRights {
            account_id: account.uuid().as_bytes().to_vec(),
            epoch: 1,
            members: vec![member],
            ..AccountRights::default()
        };
        self.identity.know(account, rights);
        let principal = Principal::Employee {
            account,
            user,
            session: SessionId::generate(),
            role: Role::Administrator,
            group: None,
            name: "Вера".to_owned(),
        };
        Who {
            token: self.identity.token(principal),
            user: Some(user),
        }
    }

    fn change_rights(&self, change: impl FnOnce(&mut AccountRights)) {
        let mut rights = self.rights.lock().expect("no panic in the world");
        change(&mut rights);
        rights.epoch += 1;
        self.identity.know(self.account, rights.clone());
    }

    /// Sets rights of an employee, known to the service at once.
    pub async fn set_rights(
        &self,
        of: &Who,
        cells: &[Cell],
        stages: &[StageRule],
        fields: &[FieldRule],
    ) {
        let subject = id::RightsSubject {
            subject: Some(id::rights_subject::Subject::UserId(of.id())),
        };
        let set = id::Rights {
            subject: Some(subject.clone()),
            cells: cells.iter().map(|cell| cell.0).collect(),
            stages: stages.iter().map(|rule| rule.0.clone()).collect(),
            fields: fields.iter().map(|rule| rule.0.clone()).collect(),
            ..id::Rights::default()
        };
        self.change_rights(|rights| {
            rights
                .rights
                .retain(|other| other.subject.as_ref() != Some(&subject));
            rights.rights.push(set);
        });
        self.tell_rights().await;
    }

    /// Puts members and rights, as they are, where the service's consumer keeps them: at once.
    pub async fn tell_rights(&self) {
        let rights = self.rights.lock().expect("no panic in the world").clone();
        let mut owner = self.db.owner().await;
        sqlx::query(
            "INSERT INTO crm.account_rights (account_id, epoch, snapshot) VALUES ($1, $2, $3)
             ON CONFLICT (account_id) DO UPDATE SET epoch = excluded.epoch, snapshot = excluded.snapshot",
        )
        .bind(self.account.uuid())
        .bind(rights.epoch)
        .bind(rights.encode_to_vec())
        .execute(&mut owner)
        .await
        .expect("stored");
    }

    /// Takes all rights of an employee away and tells the service by an event, as identity does.
    pub async fn forbid_by_event(&self, of: &Who) {
        let subject = id::RightsSubject {
            subject: Some(id::rights_subject::Subject::UserId(of.id())),
        };
        self.change_rights(|rights| {
            rights
                .rights
                .retain(|other| other.subject.as_ref() != Some(&subject));
        });
        let rights = self.rights.lock().expect("no panic in the world").clone();
        self.identity
            .tell(self.account, "rights.changed", rights.encode_to_vec());
    }

    /// Time passes.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub fn pipelines(&self) -> PipelineServiceClient<Channel> {
        PipelineServiceClient::new(self.channel.clone())
    }

    pub fn access(&self) -> AccessServiceClient<Channel> {
        AccessServiceClient::new(self.channel.clone())
    }

    pub fn internal(&self) -> CrmInternalServiceClient<Channel> {
        CrmInternalServiceClient::new(self.channel.clone())
    }

    pub fn erasure(&self) -> ErasureStoreServiceClient<Channel> {
        ErasureStoreServiceClient::new(self.channel.clone())
    }

    /// Another service.
    pub fn service(&self) -> Who {
        let principal = Principal::Service {
            name: "conversations".to_owned(),
        };
        Who {
            token: self.identity.token(principal),
            user: None,
        }
    }

    pub fn contacts(&self) -> ContactServiceClient<Channel> {
        ContactServiceClient::new(self.channel.clone())
    }

    pub fn companies(&self) -> CompanyServiceClient<Channel> {
        CompanyServiceClient::new(self.channel.clone())
    }

    pub fn deals(&self) -> DealServiceClient<Channel> {
        DealServiceClient::new(self.channel.clone())
    }

    pub fn customers(&self) -> CustomerServiceClient<Channel> {
        CustomerServiceClient::new(self.channel.clone())
    }

    pub fn tags(&self) -> TagServiceClient<Channel> {
        TagServiceClient::new(self.channel.clone())
    }

    pub fn fields(&self) -> FieldServiceClient<Channel> {
        FieldServiceClient::new(self.channel.clone())
    }

    pub fn tasks(&self) -> TaskServiceClient<Channel> {
        TaskServiceClient::new(self.channel.clone())
    }

    pub fn unsorted(&self) -> UnsortedServiceClient<Channel> {
        UnsortedServiceClient::new(self.channel.clone())
    }

    pub fn timeline(&self) -> TimelineServiceClient<Channel> {
        TimelineServiceClient::new(self.channel.clone())
    }

    pub async fn pipeline(&self, name: &str, working: &[&str]) -> Pipeline {
        let stage = |name: &&str| Stage {
            name: (*name).to_owned(),
            ..Stage::default()
        };
        let pipeline = Pipeline {
            name: name.to_owned(),
            stages: working.iter().map(stage).collect(),
            ..Pipeline::default()
        };
        let request = self.admin.ask(CreatePipelineRequest {
            pipeline: Some(pipeline),
            ..CreatePipelineRequest::default()
        });
        let reply = self.pipelines().create_pipeline(request).await;
        reply
            .expect("a pipeline")
            .into_inner()
            .pipeline
            .expect("it")
    }

    pub async fn create_contact(&self, who: &Who, contact: Contact) -> Result<Contact, Status> {
        let request = who.ask(CreateContactRequest {
            contact: Some(contact),
            ..CreateContactRequest::default()
        });
        let reply = self.contacts().create_contact(request).await?;
        Ok(reply.into_inner().contact.expect("it"))
    }

    pub async fn contact(&self, who: &Who, name: &str) -> Contact {
        let contact = Contact {
            name: name.to_owned(),
            ..Contact::default()
        };
        self.create_contact(who, contact).await.expect("a contact")
    }

    pub async fn create_deal(&self, who: &Who, deal: Deal) -> Result<Deal, Status> {
        let request = who.ask(CreateDealRequest {
            deal: Some(deal),
            ..CreateDealRequest::default()
        });
        let reply = self.deals().create_deal(request).await?;
        Ok(reply.into_inner().deal.expect("it"))
    }

    /// A deal on a stage, of somebody.
    pub async fn deal(&self, name: &str, responsible: &Who, stage: &str) -> Deal {
        let deal = Deal {
            name: name.to_owned(),
            responsible_user_id: responsible.id(),
            stage_id: stage.to_owned(),
            ..Deal::default()
        };
        self.create_deal(&self.admin, deal).await.expect("a deal")
    }

    pub async fn get_deal(&self, who: &Who, id: &str) -> Result<Deal, Status> {
        let request = who.ask(GetDealRequest {
            deal_id: id.to_owned(),
        });
        Ok(self
            .deals()
            .get_deal(request)
            .await?
            .into_inner()
            .deal
            .expect("it"))
    }

    pub async fn get_contact(&self, who: &Who, id: &str) -> Result<Contact, Status> {
        let request = who.ask(GetContactRequest {
            contact_id: id.to_owned(),
        });
        Ok(self
            .contacts()
            .get_contact(request)
            .await?
            .into_inner()
            .contact
            .expect("it"))
    }

    /// The names of the deals that somebody sees, page by page.
    pub async fn deal_names(
        &self,
        who: &Who,
        mut request: ListDealsRequest,
    ) -> Result<Vec<String>, Status> {
        let mut names = Vec::new();
        loop {
            let reply = self
                .deals()
                .list_deals(who.ask(request.clone()))
                .await?
                .into_inner();
            names.extend(reply.deals.into_iter().map(|deal| deal.name));
            if reply.next_page_token.is_empty() {
                return Ok(names);
            }
            request.page_token = reply.next_page_token;
        }
    }

    /// The names of the contacts that somebody sees.
    pub async fn contact_names(
        &self,
        who: &Who,
        request: ListContactsRequest,
    ) -> Result<Vec<String>, Status> {
        let reply = self
            .contacts()
            .list_contacts(who.ask(request))
            .await?
            .into_inner();
        Ok(reply
            .contacts
            .into_iter()
            .map(|contact| contact.name)
            .collect())
    }
}

/// One cell of the matrix.
pub struct Cell(id::RightCell);

pub fn cell(entity: id::RightEntity, action: id::RightAction, level: id::RightLevel) -> Cell {
    Cell(id::RightCell {
        entity: entity.into(),
        action: action.into(),
        level: level.into(),
        ..id::RightCell::default()
    })
}

/// The same level for every action on an entity.
pub fn row(entity: id::RightEntity, level: id::RightLevel) -> Vec<Cell> {
    use id::RightAction::{Create, Delete, Edit, Export, View};
    [Create, View, Edit, Delete, Export]
        .map(|action| cell(entity, action, level))
        .into()
}

pub struct StageRule(id::StageRule);

pub fn stage_rule(stage: &str, action: id::RightAction, right: id::StageRight) -> StageRule {
    StageRule(id::StageRule {
        stage_id: stage.to_owned(),
        action: action.into(),
        right: right.into(),
        ..id::StageRule::default()
    })
}

pub struct FieldRule(id::FieldRule);

pub fn field_rule(entity: id::RightEntity, field: &str, right: id::FieldRight) -> FieldRule {
    FieldRule(id::FieldRule {
        entity: entity.into(),
        field: field.to_owned(),
        right: right.into(),
        ..id::FieldRule::default()
    })
}

pub fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    })
}

pub fn reason(status: &Status) -> ErrorReason {
    kit::refusal::reason_of(status)
        .unwrap_or_else(|| panic!("a status without a reason: {status:?}"))
}
