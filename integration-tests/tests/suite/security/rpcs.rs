//! Every RPC refuses who must not call it, for the right reason, and nothing changes.
//!
//! The methods come from the contracts: one without a case here fails the test, so a new RPC cannot go without.

mod cases;

use std::collections::{BTreeMap, BTreeSet};

use api::conversations::v1 as conv;
use api::crm::v1 as crm;
use api::error::v1::ErrorReason as R;
use api::identity::v1 as id;
use api::onlinechat::v1 as och;
use bytes::Bytes;
use integration_tests::actors::{Admin, Connector, Visitor};
use integration_tests::calls::{channel, reason};
use integration_tests::{Cluster, Seed, raw};
use prost::Message;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::{methods, tokens};
use cases::cases;

/// Who may call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Needs no token.
    Open,
    /// Employees, and programs with a scope.
    Everybody,
    /// Administrators, and programs with a scope.
    Administrators,
    /// Programs of a connector.
    Connectors,
    /// The backend of a CRM in which the widget is installed.
    Crm,
    /// Visitors.
    Visitors,
    /// Clients with a cabinet.
    Clients,
}

/// What is known of a method.
struct Case {
    door: Door,
    /// A request that names what belongs to the account `theirs`.
    foreign: Bytes,
    /// What a stranger's administrator or connector gets for it; `None`: an answer without anything of theirs.
    refusal: Option<R>,
    /// What an empty message gets from one who may call; `None`: an answer.
    empty: Option<R>,
}

/// What an account has that others would like to touch.
struct Theirs {
    admin: Admin,
    connector: Connector,
    visitor: Visitor,
    conversation: conv::Conversation,
    online_chat: och::OnlineChat,
    key: id::ApiKey,
    group: id::Group,
    delivery: String,
    cards: Cards,
}

/// A card of each kind.
struct Cards {
    pipeline: crm::Pipeline,
    contact: crm::Contact,
    company: crm::Company,
    deal: crm::Deal,
    customer: crm::Customer,
    tag: crm::Tag,
    field: crm::Field,
    task: crm::Task,
    record: crm::UnsortedRecord,
}

impl Cards {
    async fn make(admin: &Admin) -> Self {
        let name = || "Наше".to_owned();
        let pipeline = crm::Pipeline {
            name: name(),
            ..Default::default()
        };
        let pipeline: crm::CreatePipelineResponse = made(
            admin,
            "PipelineService/CreatePipeline",
            crm::CreatePipelineRequest {
                pipeline: Some(pipeline),
                ..Default::default()
            },
        )
        .await;
        let contact: crm::CreateContactResponse = made(
            admin,
            "ContactService/CreateContact",
            crm::CreateContactRequest {
                contact: Some(crm::Contact {
                    name: name(),
                    ..Default::default()
                }),
                ..Default::default()
            },
        )
        .await;
        let company: crm::CreateCompanyResponse = made(
            admin,
            "CompanyService/CreateCompany",
            crm::CreateCompanyRequest {
                company: Some(crm::Company {
                    name: name(),
                    ..Default::default()
                }),
                ..Default::default()
            },
        )
        .await;
        let deal: crm::CreateDealResponse = made(
            admin,
            "DealService/CreateDeal",
            crm::CreateDealRequest {
                deal: Some(crm::Deal {
                    name: name(),
                    ..Default::default()
                }),
                ..Default::default()
            },
        )
        .await;
        let customer: crm::CreateCustomerResponse = made(
            admin,
            "CustomerService/CreateCustomer",
            crm::CreateCustomerRequest {
                customer: Some(crm::Customer {
                    name: name(),
                    ..Default::default()
                }),
                ..Default::default()
            },
        )
        .await;
        let tag: crm::CreateTagResponse = made(
            admin,
            "TagService/CreateTag",
            crm::CreateTagRequest {
                tag: Some(crm::Tag {
                    name: name(),
                    ..Default::default()
                }),
                ..Default::default()
            },
        )
        .await;
        let field: crm::CreateFieldResponse = made(
            admin,
            "FieldService/CreateField",
            crm::CreateFieldRequest {
                field: Some(crm::Field {
                    name: name(),
                    card_kind: crm::CardKind::Deal.into(),
                    r#type: crm::FieldType::Text.into(),
                    ..Default::default()
                }),
                ..Default::default()
            },
        )
        .await;
        let task: crm::CreateTaskResponse = made(
            admin,
            "TaskService/CreateTask",
            crm::CreateTaskRequest {
                task: Some(crm::Task {
                    text: name(),
                    due_time: Some(prost_types::Timestamp::default()),
                    ..Default::default()
                }),
                ..Default::default()
            },
        )
        .await;
        let record: crm::CreateUnsortedRecordResponse = made(
            admin,
            "UnsortedService/CreateUnsortedRecord",
            crm::CreateUnsortedRecordRequest {
                record: Some(crm::UnsortedRecord {
                    title: name(),
                    source_key: "site".into(),
                    ..Default::default()
                }),
                ..Default::default()
            },
        )
        .await;
        Self {
            pipeline: pipeline.pipeline.expect("it"),
            contact: contact.contact.expect("it"),
            company: company.company.expect("it"),
            deal: deal.deal.expect("it"),
            customer: customer.customer.expect("it"),
            tag: tag.tag.expect("it"),
            field: field.field.expect("it"),
            task: task.task.expect("it"),
            record: record.record.expect("it"),
        }
    }
}

/// What a create of crm answers.
async fn made<A: Message + Default>(admin: &Admin, method: &str, request: impl Message) -> A {
    let path = format!("/beseda.crm.v1.{method}");
    let request = request.encode_to_vec().into();
    let answer = raw::call(&admin.channel(), &path, &admin.token().await, request).await;
    A::decode(answer.expect("made")).expect("the answer")
}

impl Theirs {
    async fn make(cluster: &Cluster) -> Self {
        let admin = cluster.account("theirs").await;
        let connector = admin.connector(conv::ConversationMode::NewAfterClose).await;
        let online_chat = admin.online_chat(och::OnlineChatMode::OneActive).await;
        let visitor = Visitor::come(&cluster.url(), &online_chat.id, "")
            .await
            .expect("a visitor comes");
        visitor
            .send(Seed::take().uuid(), "", "Моё")
            .await
            .expect("sent");
        let written = connector.write("chat", "1", "Секрет").await;
        admin
            .send(&written.conversation_id, "Наш секрет")
            .await
            .expect("sent");
        let conversation = admin.get(&written.conversation_id).await.expect("it");
        let key = admin.api_key(&["inbox.read"]).await.api_key.expect("a key");
        let group = id::CreateGroupRequest {
            group: Some(id::Group {
                name: "Отдел".into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let mut groups = id::group_service_client::GroupServiceClient::new(admin.channel());
        let group = groups
            .create_group(admin.ask(group).await)
            .await
            .expect("a group")
            .into_inner()
            .group
            .expect("it");
        let cards = Cards::make(&admin).await;
        let delivery = "dlv_01h455vb4pex5vsknk084sn02q".to_owned();
        Self {
            admin,
            connector,
            visitor,
            conversation,
            online_chat,
            key,
            group,
            delivery,
            cards,
        }
    }

    /// Everything that the account's administrator can list, as bytes: what must not change.
    async fn state(&self) -> BTreeMap<&'static str, Bytes> {
        let lists = [
            "/beseda.conversations.v1.InboxService/ListConversations",
            "/beseda.conversations.v1.ConnectionService/ListConnections",
            "/beseda.crm.v1.ContactService/ListContacts",
            "/beseda.crm.v1.CompanyService/ListCompanies",
            "/beseda.crm.v1.DealService/ListDeals",
            "/beseda.crm.v1.CustomerService/ListCustomers",
            "/beseda.crm.v1.PipelineService/ListPipelines",
            "/beseda.crm.v1.TagService/ListTags",
            "/beseda.crm.v1.FieldService/ListFields",
            "/beseda.crm.v1.TaskService/ListTasks",
            "/beseda.crm.v1.UnsortedService/ListUnsortedRecords",
            "/beseda.identity.v1.AccountService/GetAccount",
            "/beseda.identity.v1.UserService/ListUsers",
            "/beseda.identity.v1.GroupService/ListGroups",
            "/beseda.identity.v1.ApiKeyService/ListApiKeys",
            "/beseda.identity.v1.RightsService/GetRightsOptions",
            "/beseda.identity.v1.AuditService/ListAuditEntries",
            "/beseda.onlinechat.v1.OnlineChatService/ListOnlineChats",
            "/beseda.cabinet.v1.CabinetSettingsService/GetCabinetSettings",
            "/beseda.sync.v1.IntegrationService/ListIntegrations",
            "/beseda.sync.v1.IntegrationService/GetOldIntegration",
            "/beseda.sync.v1.PortalService/ListPortals",
            "/beseda.sync.v1.RunService/ListRuns",
        ];
        let mut state = BTreeMap::new();
        for path in lists {
            let answer = raw::call(
                &self.admin.channel(),
                path,
                &self.admin.token().await,
                Bytes::new(),
            )
            .await;
            state.insert(
                path,
                answer.unwrap_or_else(|status| panic!("{path}: {status:?}")),
            );
        }
        let messages = self
            .admin
            .page(&self.conversation.id, 200, None)
            .await
            .expect("a page");
        state.insert("messages", messages.encode_to_vec().into());
        let mine = self.visitor.messages("").await.expect("a history");
        state.insert(
            "visitor",
            mine.iter().flat_map(Message::encode_to_vec).collect(),
        );
        state
    }
}

/// Those who try: each may call something, and nothing of what belongs to `theirs`.
struct Strangers {
    admin: Admin,
    manager: String,
    program: String,
    connector: String,
    visitor: Visitor,
    client: String,
    expired: String,
    service: String,
}

impl Strangers {
    async fn make(cluster: &Cluster) -> Self {
        let admin = cluster.account("stranger").await;
        let connector = admin.connector(conv::ConversationMode::NewAfterClose).await;
        let chat = admin.online_chat(och::OnlineChatMode::OneActive).await;
        let caller = admin
            .sessions()
            .get_caller(admin.ask(id::GetCallerRequest {}).await)
            .await
            .expect("it")
            .into_inner();
        let manager = admin
            .colleague("manager@stranger.example", id::Role::Manager)
            .await;
        let visitor = Visitor::come(&cluster.url(), &chat.id, "")
            .await
            .expect("a visitor comes");
        // So that the visitor's live stream has something to say.
        visitor
            .send(Seed::take().uuid(), "", "Здравствуйте")
            .await
            .expect("sent");
        Self {
            manager: manager.token().await,
            program: admin.api_key(&["connector:another-channel"]).await.secret,
            connector: connector.secret,
            visitor,
            client: tokens::of_client(cluster, &caller.account_id).await,
            expired: tokens::expired(cluster, &admin, &caller.account_id).await,
            service: tokens::of_service(cluster).await,
            admin,
        }
    }

    /// The token with which a stranger may call what has this door.
    async fn token(&self, door: Door) -> String {
        match door {
            Door::Open => String::new(),
            Door::Everybody | Door::Administrators => self.admin.token().await,
            Door::Connectors => self.connector.clone(),
            Door::Crm => self.admin.crm_widget().await,
            Door::Visitors => self.visitor.token().to_owned(),
            Door::Clients => self.client.clone(),
        }
    }
}

/// Ends its own session: it is called last.
const LOG_OUT: &str = "/beseda.identity.v1.SessionService/LogOut";

#[tokio::test]
async fn every_rpc_refuses() {
    let environment = vec![("BESEDA_RATE_LIMITS", "off".to_owned())];
    let cluster = Cluster::with_settings(integration_tests::Settings {
        environment,
        ..Default::default()
    })
    .await;
    let theirs = Theirs::make(&cluster).await;
    let strangers = Strangers::make(&cluster).await;
    let cases = cases(&theirs);
    let known: BTreeSet<String> = cases.keys().map(|path| (*path).to_owned()).collect();
    assert_eq!(
        known,
        methods::paths(false),
        "every public RPC has a case in this file, and every case an RPC"
    );

    let before = theirs.state().await;
    let (log_out, others): (Vec<_>, Vec<_>) = cases.iter().partition(|(path, _)| **path == LOG_OUT);
    let mut wrong = Vec::new();
    for (path, case) in others.into_iter().chain(log_out) {
        // Too many early refusals on one connection look like an attack, and the gateway closes it.
        let channel = channel(&cluster.url());
        let mut found = Findings {
            path,
            channel: &channel,
            wrong: &mut wrong,
        };
        found.without_a_good_token(case, &strangers).await;
        found.without_the_right(case, &strangers).await;
        let token = strangers.token(case.door).await;
        found
            .expect(
                "no message",
                &token,
                Bytes::from_static(&[0xff, 0xff, 0xff]),
                Some(R::FieldInvalid),
            )
            .await;
        // Logging out names nobody, and a second time would be refused for the first.
        if *path != LOG_OUT {
            found
                .expect(
                    "another account's ids",
                    &token,
                    case.foreign.clone(),
                    case.refusal,
                )
                .await;
        }
        found
            .expect("an empty message", &token, Bytes::new(), case.empty)
            .await;
    }
    assert!(
        wrong.is_empty(),
        "{} of the answers are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(theirs.state().await, before, "nothing has changed");
}

/// What is wrong with one method.
struct Findings<'t> {
    path: &'t str,
    channel: &'t Channel,
    wrong: &'t mut Vec<String>,
}

impl Findings<'_> {
    async fn without_a_good_token(&mut self, case: &Case, strangers: &Strangers) {
        if case.door == Door::Open {
            return;
        }
        self.expect("no token", "", case.foreign.clone(), Some(R::TokenMissing))
            .await;
        for token in tokens::garbage() {
            let what = format!("the token {token:.20}");
            let answer = self.call(&token, case.foreign.clone()).await;
            self.note(&what, &answer, |status| {
                status.code() == Code::Unauthenticated
            });
        }
        // A visitor's token is no employee's, and the other way round.
        let is_employees = !matches!(case.door, Door::Visitors | Door::Clients);
        let other = if !is_employees {
            strangers.admin.token().await
        } else {
            strangers.visitor.token().to_owned()
        };
        self.expect(
            "a token for another door",
            &other,
            case.foreign.clone(),
            Some(R::TokenInvalid),
        )
        .await;
        self.expect(
            "a service's token",
            &strangers.service,
            case.foreign.clone(),
            Some(R::TokenInvalid),
        )
        .await;
        if is_employees {
            self.expect(
                "an expired token",
                &strangers.expired,
                case.foreign.clone(),
                Some(R::TokenExpired),
            )
            .await;
        }
    }

    async fn without_the_right(&mut self, case: &Case, strangers: &Strangers) {
        let denied = |status: &Status| status.code() == Code::PermissionDenied;
        match case.door {
            Door::Administrators => {
                self.expect(
                    "a manager",
                    &strangers.manager,
                    case.foreign.clone(),
                    Some(R::PermissionMissing),
                )
                .await;
                let answer = self.call(&strangers.program, case.foreign.clone()).await;
                self.note("a program without the scope", &answer, denied);
            }
            Door::Connectors => {
                let manager = self.call(&strangers.manager, case.foreign.clone()).await;
                self.note("an employee", &manager, denied);
                self.expect(
                    "another connector",
                    &strangers.program,
                    case.foreign.clone(),
                    Some(R::ScopeMissing),
                )
                .await;
            }
            Door::Crm => {
                for (who, token) in [
                    ("an administrator", strangers.admin.token().await),
                    ("a program", strangers.program.clone()),
                ] {
                    let answer = self.call(&token, case.foreign.clone()).await;
                    self.note(who, &answer, denied);
                }
            }
            Door::Open | Door::Everybody | Door::Visitors | Door::Clients => {}
        }
    }

    async fn call(&self, token: &str, message: Bytes) -> Result<Bytes, Status> {
        raw::call(self.channel, self.path, token, message).await
    }

    /// With a reason it has to be refused for that; without one it has to be answered.
    async fn expect(&mut self, what: &str, token: &str, message: Bytes, wanted: Option<R>) {
        let answer = self.call(token, message).await;
        match (&answer, wanted) {
            (Ok(_), None) => {}
            (_, Some(wanted)) => self.note(what, &answer, |status| {
                kit::refusal::reason_of(status) == Some(wanted)
                    && status.code() == kit::refusal::code(wanted)
            }),
            (Err(status), None) => self
                .wrong
                .push(format!("{}: {what}: refused: {status:?}", self.path)),
        }
    }

    fn note(
        &mut self,
        what: &str,
        answer: &Result<Bytes, Status>,
        is_right: impl Fn(&Status) -> bool,
    ) {
        match answer {
            Err(status) if is_right(status) => drop(reason(status)),
            Err(status) => self.wrong.push(format!(
                "{}: {what}: {:?} {:?}",
                self.path,
                status.code(),
                status.message()
            )),
            Ok(_) => self
                .wrong
                .push(format!("{}: {what}: was answered", self.path)),
        }
    }
}

#[tokio::test]
async fn internal_methods_cannot_be_reached_through_the_gateway() {
    let cluster = Cluster::start().await;
    let admin = cluster.account("office").await;
    let internal = methods::paths(true);
    assert!(internal.len() > 3, "{internal:?}");
    for token in [
        admin.token().await,
        tokens::of_service(&cluster).await,
        String::new(),
    ] {
        for path in &internal {
            let status = raw::call(&admin.channel(), path, &token, Bytes::new())
                .await
                .expect_err("refused");
            assert_eq!(
                (status.code(), reason(&status)),
                (Code::Unimplemented, R::MethodUnknown),
                "{path}"
            );
        }
    }
}
