//! An account with people of random rights, and conversations and cards that each have texts of their own.

use std::time::Duration;

use api::conversations::v1 as conv;
use api::crm::v1 as crm;
use api::identity::v1 as id;
use bytes::Bytes;
use integration_tests::actors::{Admin, Connector, Employee};
use integration_tests::{Cluster, Seed, raw};
use prost::Message;
use testkit::wait_for;

use super::encoded;

/// How long a stream has to be quiet to have told everything.
pub const QUIET: Duration = Duration::from_secs(2);

const PEOPLE: usize = 4;
const OF_EACH: usize = 4;

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Conversation,
    Contact,
    Company,
    Deal,
    Customer,
    Task,
    Record,
}

/// A conversation or card. Its texts are found nowhere else.
pub struct Thing {
    pub kind: Kind,
    pub id: String,
    /// Its name; of a conversation the words of the client.
    pub name: String,
    /// The telephone number of a contact; else empty.
    pub phone: String,
}

/// The account.
pub struct Office {
    _cluster: Cluster,
    admin: Admin,
    connector: Connector,
    pub people: Vec<Employee>,
    pub things: Vec<Thing>,
}

impl Office {
    pub async fn open(seed: &Seed) -> Self {
        let environment = vec![("BESEDA_RATE_LIMITS", "off".to_owned())];
        let cluster = Cluster::with_settings(integration_tests::Settings {
            environment,
            ..Default::default()
        })
        .await;
        let admin = cluster.account("office").await;
        let connector = admin.connector(conv::ConversationMode::NewAfterClose).await;
        let people = people(&admin, &cluster.url()).await;
        let mut office = Self {
            _cluster: cluster,
            admin,
            connector,
            people,
            things: Vec::new(),
        };
        let stages = office.pipeline().await;
        office.set_rights(seed, &stages).await;
        for number in 0..OF_EACH {
            office.make(seed, number, &stages).await;
        }
        office.wait_for_rights().await;
        office
    }

    /// What of the account's things is in these bytes.
    pub fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let texts = self
            .things
            .iter()
            .flat_map(|thing| [&thing.id, &thing.name, &thing.phone].map(String::as_str));
        let is_there = |text: &&str| {
            !text.is_empty() && bytes.windows(text.len()).any(|it| it == text.as_bytes())
        };
        texts.filter(is_there).collect()
    }

    /// Something happens to every conversation.
    pub async fn stir(&self) {
        let conversations = self
            .things
            .iter()
            .filter(|it| it.kind == Kind::Conversation);
        for conversation in conversations {
            self.admin
                .send(&conversation.id, &conversation.name)
                .await
                .expect("sent");
        }
    }

    async fn ask<A: Message + Default>(&self, path: &str, request: &impl Message) -> A {
        let token = self.admin.token().await;
        let answer = raw::call(&self.admin.channel(), path, &token, encoded(request)).await;
        let answer = answer.unwrap_or_else(|status| panic!("{path}: {status:?}"));
        A::decode(answer).expect("the answer")
    }

    async fn pipeline(&self) -> Vec<String> {
        let stage = |name: &str| crm::Stage {
            name: name.into(),
            ..Default::default()
        };
        let pipeline = crm::Pipeline {
            name: "Продажи".into(),
            stages: ["Разговор", "Договор"].map(stage).into(),
            ..Default::default()
        };
        let request = crm::CreatePipelineRequest {
            pipeline: Some(pipeline),
            ..Default::default()
        };
        let path = "/beseda.crm.v1.PipelineService/CreatePipeline";
        let made: crm::CreatePipelineResponse = self.ask(path, &request).await;
        let stages = made.pipeline.expect("it").stages;
        stages.into_iter().map(|stage| stage.id).collect()
    }

    async fn set_rights(&self, seed: &Seed, stages: &[String]) {
        for person in &self.people {
            let subject = id::rights_subject::Subject::UserId(person.user().id.clone());
            let rights = id::Rights {
                subject: Some(id::RightsSubject {
                    subject: Some(subject),
                }),
                ..random_rights(seed, stages)
            };
            let request = id::SetRightsRequest {
                rights: Some(rights),
            };
            let path = "/beseda.identity.v1.RightsService/SetRights";
            let _: id::SetRightsResponse = self.ask(path, &request).await;
        }
    }

    /// Both services know what was set for everybody.
    async fn wait_for_rights(&self) {
        let of = |kind| {
            let found = self.things.iter().find(|thing| thing.kind == kind);
            found.expect("one of each").id.clone()
        };
        for person in &self.people {
            let user_id = person.user().id.clone();
            let seen = conv::CheckVisibilityRequest {
                question: Some(conv::VisibilityQuestion {
                    conversation_id: of(Kind::Conversation),
                    user_id: user_id.clone(),
                }),
            };
            let may = crm::CheckAccessRequest {
                question: Some(crm::AccessQuestion {
                    card_id: of(Kind::Deal),
                    action: id::RightAction::View.into(),
                    user_id,
                    ..Default::default()
                }),
            };
            wait_for("the rights have arrived", async || {
                let path = "/beseda.conversations.v1.VisibilityService/CheckVisibility";
                let seen: conv::CheckVisibilityResponse = self.ask(path, &seen).await;
                let path = "/beseda.crm.v1.AccessService/CheckAccess";
                let may: crm::CheckAccessResponse = self.ask(path, &may).await;
                let sources = [
                    seen.answer.expect("it").source(),
                    may.answer.expect("it").source(),
                ];
                (sources == [id::RightSource::User; 2]).then_some(())
            })
            .await;
        }
    }

    fn add(&mut self, kind: Kind, id: String, name: String, phone: String) {
        self.things.push(Thing {
            kind,
            id,
            name,
            phone,
        });
    }

    /// One of each kind, of random people, that belong together.
    async fn make(&mut self, seed: &Seed, number: usize, stages: &[String]) {
        let text = |kind: &str| format!("{kind}-№{number}-");
        let somebody = |office: &Self| {
            let person = &office.people[seed.below(office.people.len())];
            person.user().id.clone()
        };
        let phone = format!("+7916123450{number}");
        let contact = crm::CreateContactRequest {
            contact: Some(crm::Contact {
                name: text("contact"),
                responsible_user_id: somebody(self),
                phones: vec![crm::Phone {
                    number: phone.clone(),
                    ..Default::default()
                }],
                ..Default::default()
            }),
            ..Default::default()
        };
        let made: crm::CreateContactResponse = self
            .ask("/beseda.crm.v1.ContactService/CreateContact", &contact)
            .await;
        let contact = made.contact.expect("it").id;
        self.add(Kind::Contact, contact.clone(), text("contact"), phone);
        let company = crm::CreateCompanyRequest {
            company: Some(crm::Company {
                name: text("company"),
                responsible_user_id: somebody(self),
                ..Default::default()
            }),
            ..Default::default()
        };
        let made: crm::CreateCompanyResponse = self
            .ask("/beseda.crm.v1.CompanyService/CreateCompany", &company)
            .await;
        let company = made.company.expect("it").id;
        self.add(
            Kind::Company,
            company.clone(),
            text("company"),
            String::new(),
        );
        let deal = crm::CreateDealRequest {
            deal: Some(crm::Deal {
                name: text("deal"),
                responsible_user_id: somebody(self),
                stage_id: stages[seed.below(stages.len())].clone(),
                main_contact_id: contact.clone(),
                company_id: company,
                ..Default::default()
            }),
            ..Default::default()
        };
        let made: crm::CreateDealResponse = self
            .ask("/beseda.crm.v1.DealService/CreateDeal", &deal)
            .await;
        let deal = made.deal.expect("it").id;
        self.add(Kind::Deal, deal.clone(), text("deal"), String::new());
        self.make_rest(number, somebody(self), somebody(self), &deal)
            .await;
        self.converse(number, &contact, &deal).await;
    }

    async fn make_rest(&mut self, number: usize, one: String, other: String, deal: &str) {
        let text = |kind: &str| format!("{kind}-№{number}-");
        let customer = crm::CreateCustomerRequest {
            customer: Some(crm::Customer {
                name: text("customer"),
                responsible_user_id: one,
                ..Default::default()
            }),
            ..Default::default()
        };
        let made: crm::CreateCustomerResponse = self
            .ask("/beseda.crm.v1.CustomerService/CreateCustomer", &customer)
            .await;
        let customer = made.customer.expect("it").id;
        self.add(Kind::Customer, customer, text("customer"), String::new());
        let task = crm::CreateTaskRequest {
            task: Some(crm::Task {
                text: text("task"),
                responsible_user_id: other,
                card_id: deal.to_owned(),
                due_time: Some(prost_types::Timestamp::default()),
                ..Default::default()
            }),
            ..Default::default()
        };
        let made: crm::CreateTaskResponse = self
            .ask("/beseda.crm.v1.TaskService/CreateTask", &task)
            .await;
        let task = made.task.expect("it").id;
        self.add(Kind::Task, task, text("task"), String::new());
        let record = crm::CreateUnsortedRecordRequest {
            record: Some(crm::UnsortedRecord {
                title: text("record"),
                source_key: "site".into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let made: crm::CreateUnsortedRecordResponse = self
            .ask(
                "/beseda.crm.v1.UnsortedService/CreateUnsortedRecord",
                &record,
            )
            .await;
        let record = made.record.expect("it").id;
        self.add(Kind::Record, record, text("record"), String::new());
    }

    /// A client writes; the conversation belongs to the contact and the deal.
    async fn converse(&mut self, number: usize, contact: &str, deal: &str) {
        let text = format!("words-№{number}-");
        let chat = format!("chat-{number}");
        let written = self.connector.write(&chat, &chat, &text).await;
        let link = conv::LinkConversationRequest {
            conversation_id: written.conversation_id.clone(),
            contact_id: contact.to_owned(),
            card_id: deal.to_owned(),
        };
        wait_for("the cards have arrived", async || {
            let path = "/beseda.conversations.v1.ConversationService/LinkConversation";
            let token = self.admin.token().await;
            let linked = raw::call(&self.admin.channel(), path, &token, encoded(&link)).await;
            linked.is_ok().then_some(())
        })
        .await;
        self.add(
            Kind::Conversation,
            written.conversation_id,
            text,
            String::new(),
        );
    }
}

async fn people(admin: &Admin, url: &str) -> Vec<Employee> {
    let group = id::CreateGroupRequest {
        group: Some(id::Group {
            name: "Отдел".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let made = id::group_service_client::GroupServiceClient::new(admin.channel())
        .create_group(admin.ask(group).await)
        .await;
    let group_id = made.expect("a group").into_inner().group.expect("it").id;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let (email, password) = (format!("p{number}@office.example"), "correct horse battery");
        let request = id::CreateUserRequest {
            user: Some(id::User {
                email: email.clone(),
                name: "Борис".into(),
                role: id::Role::Manager.into(),
                group_id: if number < 2 {
                    group_id.clone()
                } else {
                    String::new()
                },
                active: true,
                ..Default::default()
            }),
            password: password.into(),
            ..Default::default()
        };
        id::user_service_client::UserServiceClient::new(admin.channel())
            .create_user(admin.ask(request).await)
            .await
            .expect("a colleague");
        people.push(Employee::log_in(url.to_owned(), &email, password).await);
    }
    people
}

/// Every cell is set, so that it is known when it has arrived.
fn random_rights(seed: &Seed, stages: &[String]) -> id::Rights {
    use id::RightAction::{Create, Delete, Edit, Export, View};
    use id::RightEntity::{Companies, Contacts, Deals, Tasks, Unsorted};
    let mut rights = id::Rights::default();
    for entity in [Deals, Contacts, Companies, Tasks, Unsorted] {
        for action in [Create, View, Edit, Delete, Export] {
            let level = [4, 4, 3, 2, 2, 1][seed.below(6)];
            rights.cells.push(id::RightCell {
                entity: entity.into(),
                action: action.into(),
                level,
                ..Default::default()
            });
        }
    }
    for stage in stages {
        if seed.one_in(3) {
            rights.stages.push(id::StageRule {
                stage_id: stage.clone(),
                action: View.into(),
                right: 1 + i32::from(seed.one_in(2)),
                ..Default::default()
            });
        }
    }
    for (entity, field) in [
        (Contacts, "phones"),
        (Contacts, "name"),
        (Deals, "main_contact_id"),
    ] {
        if seed.one_in(3) {
            rights.fields.push(id::FieldRule {
                entity: entity.into(),
                field: field.into(),
                right: id::FieldRight::Hidden.into(),
                ..Default::default()
            });
        }
    }
    rights
}

/// A request that names a thing of this kind.
pub fn of(thing: &Thing, kind: Kind, request: impl FnOnce(String) -> Bytes) -> Option<Bytes> {
    (thing.kind == kind).then(|| request(thing.id.clone()))
}
