//! «Создать чат»: a chat with somebody who has not written yet (decision table 2.3).

use std::sync::{Arc, Mutex};

use api::connector::internal::v1::client_service_server::{ClientService, ClientServiceServer};
use api::connector::internal::v1::{CheckClientRequest, CheckClientResponse, ClientState};
use api::connector::v1 as hub;
use api::connector::v1::take_deliveries_response::Event as Taken;
use api::conversations::v1::chat_service_client::ChatServiceClient;
use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::create_chat_request::Client;
use api::conversations::v1::search_service_client::SearchServiceClient;
use api::conversations::v1::{
    Chat, Connection, ConnectionState, Conversation, ConversationLife, ConversationMode,
    CreateChatRequest, CreateConnectionRequest, GetChatProfileRequest, GetConversationRequest,
    ListContactChatsRequest, OpenWindowRequest, SearchChatsRequest, StartConversationRequest,
    WindowPlace,
};
use api::crm::v1 as crm;
use api::crm::v1::contact_service_client::ContactServiceClient;
use api::identity::v1::rights_service_client::RightsServiceClient;
use api::identity::v1::rights_subject::Subject;
use api::identity::v1::{
    FieldRight, FieldRule, RightAction, RightCell, RightEntity, RightLevel, Rights, RightsSubject,
    Role, SetRightsRequest,
};
use integration_tests::actors::{Admin, CONNECTOR, Connector, Employee};
use integration_tests::calls::with_token;
use integration_tests::{Cluster, Settings};
use kit::lifecycle::Lifecycle;
use testkit::wait_for;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_types::StatusExt;

use super::office;

/// The connector says by what clients are addressed.
async fn addressed_by(connector: &Connector, address: hub::ClientAddress) {
    let manifest = hub::ConnectorManifest {
        key: CONNECTOR.into(),
        title: "Test channel".into(),
        client_address: address.into(),
        ..Default::default()
    };
    let request = hub::RegisterConnectorRequest {
        manifest: Some(manifest),
    };
    let registered = connector
        .hub()
        .register_connector(with_token(&connector.secret, request))
        .await;
    registered.expect("registered");
}

async fn create(
    employee: &Employee,
    connector: &Connector,
    client: Client,
    contact_id: &str,
) -> Result<Chat, Status> {
    let request = CreateChatRequest {
        connection_id: connector.connection.clone(),
        client: Some(client),
        contact_id: contact_id.into(),
    };
    let created = ChatServiceClient::new(employee.channel())
        .create_chat(employee.ask(request).await)
        .await?;
    Ok(created.into_inner().chat.expect("a chat"))
}

fn id(text: &str) -> Client {
    Client::MessengerId(text.into())
}

fn phone(text: &str) -> Client {
    Client::Phone(text.into())
}

/// Reason and first metadata value of a refusal.
fn reason(refused: Result<Chat, Status>) -> (String, String) {
    let status = refused.expect_err("refused");
    let details = status.get_error_details();
    let info = details.error_info().expect("a reason").clone();
    let value = info.metadata.into_values().next().unwrap_or_default();
    (info.reason, value)
}

async fn contact(admin: &Admin, contact: crm::Contact) -> crm::Contact {
    let request = crm::CreateContactRequest {
        contact: Some(contact),
        ..Default::default()
    };
    let made = ContactServiceClient::new(admin.channel())
        .create_contact(admin.ask(request).await)
        .await;
    made.expect("made").into_inner().contact.expect("a contact")
}

async fn read(admin: &Admin, contact_id: &str) -> crm::Contact {
    let request = crm::GetContactRequest {
        contact_id: contact_id.to_owned(),
    };
    let read = ContactServiceClient::new(admin.channel())
        .get_contact(admin.ask(request).await)
        .await;
    read.expect("read").into_inner().contact.expect("a contact")
}

fn known_as(external_id: &str) -> crm::Contact {
    crm::Contact {
        name: "Анна".into(),
        messengers: vec![crm::MessengerIdentity {
            connector_key: CONNECTOR.into(),
            external_id: external_id.into(),
            name: "anna".into(),
        }],
        ..Default::default()
    }
}

/// The first message in a new chat.
async fn start(admin: &Admin, chat: &Chat, text: &str) -> Conversation {
    let request = StartConversationRequest {
        chat_id: chat.id.clone(),
        text: text.into(),
        ..Default::default()
    };
    let started = ConversationServiceClient::new(admin.channel())
        .start_conversation(admin.ask(request).await)
        .await;
    let started = started.expect("started").into_inner();
    started.conversation.expect("a conversation")
}

async fn contact_of(admin: &Admin, conversation: &str) -> String {
    let request = GetConversationRequest {
        conversation_id: conversation.into(),
    };
    let read = ConversationServiceClient::new(admin.channel())
        .get_conversation(admin.ask(request).await)
        .await;
    let read = read.expect("read").into_inner();
    read.conversation.expect("a conversation").contact_id
}

#[tokio::test]
async fn a_chat_is_created_by_messenger_id_and_bound_to_its_contact() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    addressed_by(&connector, hub::ClientAddress::MessengerId).await;
    let anna = contact(&admin, known_as("42")).await;
    let chat = create(&admin, &connector, id("42"), "")
        .await
        .expect("created");
    assert_eq!(chat.client_name, "", "the channel has told no name");

    // What is written in it goes to that person, and what they answer comes into it.
    let talk = start(&admin, &chat, "Добрый день").await;
    let mut deliveries = connector.take().await.expect("a stream");
    let delivery = loop {
        let step = deliveries
            .message()
            .await
            .expect("no error")
            .expect("a step");
        if let Some(Taken::Delivery(delivery)) = step.event {
            break delivery;
        }
    };
    assert_eq!(
        (&delivery.external_chat_id[..], &delivery.text[..]),
        ("42", "Добрый день")
    );
    let answered = connector.write("42", "1", "Здравствуйте").await;
    assert_eq!(answered.conversation_id, talk.id);
    let bound = async || (contact_of(&admin, &talk.id).await == anna.id).then_some(());
    wait_for("the conversation has its contact", bound).await;

    let again = create(&admin, &connector, id("42"), "").await;
    assert_eq!(reason(again), ("CHAT_EXISTS".into(), chat.id));
    let unknown = create(&admin, &connector, id("43"), "").await;
    assert_eq!(reason(unknown).0, "CLIENT_NOT_FOUND");
}

#[tokio::test]
async fn a_number_finds_its_contact_makes_one_or_is_added_to_the_one_that_is_named() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    addressed_by(&connector, hub::ClientAddress::Phone).await;
    let number = |number: &str| crm::Phone {
        number: number.into(),
        label: String::new(),
    };
    let anna = contact(
        &admin,
        crm::Contact {
            name: "Анна".into(),
            phones: vec![number("+79991234567")],
            ..Default::default()
        },
    )
    .await;
    let bound = async |client: Client, contact_id: &str| {
        let chat = create(&admin, &connector, client, contact_id).await;
        let talk = start(&admin, &chat.expect("created"), "Добрый день").await;
        read(&admin, &talk.contact_id).await
    };
    let found = bound(phone("+7 (999) 123-45-67"), "").await;
    assert_eq!(found.id, anna.id);
    // The national form is the same number, and so the same chat.
    let again = create(&admin, &connector, phone("8 999 123-45-67"), "").await;
    assert_eq!(reason(again).0, "CHAT_EXISTS");

    let made = bound(phone("8 999 000-00-00"), "").await;
    assert_eq!(made.name, "+79990000000");

    let named = bound(phone("79991111111"), &anna.id).await;
    assert_eq!(named.id, anna.id);
    let numbers: Vec<String> = read(&admin, &anna.id)
        .await
        .phones
        .into_iter()
        .map(|it| it.number)
        .collect();
    assert_eq!(numbers, ["+79991234567", "+79991111111"]);
}

/// From now on the employee views every contact and deal, without the names of contacts.
async fn sees_no_names(admin: &Admin, employee: &Employee) {
    let cell = |entity: RightEntity| RightCell {
        entity: entity.into(),
        action: RightAction::View.into(),
        level: RightLevel::Allowed.into(),
        ..Default::default()
    };
    let rights = Rights {
        subject: Some(RightsSubject {
            subject: Some(Subject::UserId(employee.user().id.clone())),
        }),
        cells: vec![cell(RightEntity::Contacts), cell(RightEntity::Deals)],
        fields: vec![FieldRule {
            entity: RightEntity::Contacts.into(),
            field: "name".into(),
            right: FieldRight::Hidden.into(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let request = SetRightsRequest {
        rights: Some(rights),
    };
    let set = RightsServiceClient::new(admin.channel())
        .set_rights(admin.ask(request).await)
        .await;
    set.expect("set");
}

/// All that an employee is told of a chat and its conversation, path by path.
async fn told_of(employee: &Employee, chat: &Chat, talk: &Conversation) -> Vec<String> {
    let mut chats = ChatServiceClient::new(employee.channel());
    let window = OpenWindowRequest {
        place: WindowPlace::LeftMenu.into(),
        ..Default::default()
    };
    let window = chats.open_window(employee.ask(window).await).await;
    let of_contact = ListContactChatsRequest {
        contact_id: talk.contact_id.clone(),
        ..Default::default()
    };
    let of_contact = chats.list_contact_chats(employee.ask(of_contact).await);
    let of_contact = of_contact.await;
    let profile = GetChatProfileRequest {
        chat_id: chat.id.clone(),
    };
    let profile = chats.get_chat_profile(employee.ask(profile).await).await;
    vec![
        format!("{:?}", employee.all(ConversationLife::Open).await),
        format!("{:?}", employee.get(&talk.id).await.expect("it is seen")),
        format!("{:?}", window.expect("opened").into_inner()),
        format!("{:?}", of_contact.expect("listed").into_inner()),
        format!("{:?}", profile.expect("a profile").into_inner()),
    ]
}

async fn found(employee: &Employee, query: &str) -> usize {
    let request = SearchChatsRequest {
        query: query.into(),
        ..Default::default()
    };
    let found = SearchServiceClient::new(employee.channel())
        .search_chats(employee.ask(request).await)
        .await;
    found.expect("searched").into_inner().hits.len()
}

/// IDN-13: the chat knows the client by what the channel tells, never by the contact's name.
#[tokio::test]
async fn the_contacts_name_stays_hidden_in_a_chat_that_was_created_for_it() {
    const NAME: &str = "Анна Петрова";
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    addressed_by(&connector, hub::ClientAddress::MessengerId).await;
    let anna = crm::Contact {
        name: NAME.into(),
        ..known_as("42")
    };
    contact(&admin, anna).await;
    let chat = create(&admin, &connector, id("42"), "")
        .await
        .expect("created");
    let talk = start(&admin, &chat, "Добрый день").await;
    let manager = admin.colleague("boris@office.example", Role::Manager).await;
    sees_no_names(&admin, &manager).await;
    wait_for("the rights are known", async || {
        manager.get(&talk.id).await.ok()
    })
    .await;
    wait_for("the name is indexed", async || {
        (found(&admin, NAME).await == 1).then_some(())
    })
    .await;
    let paths = told_of(&admin, &chat, &talk).await;
    for path in [0, 1, 2, 4] {
        assert!(paths[path].contains(NAME), "{}", paths[path]);
    }
    for told in told_of(&manager, &chat, &talk).await {
        assert!(!told.contains("Петрова"), "{told}");
    }
    assert_eq!(found(&manager, NAME).await, 0);

    let mut watch = manager.watch().await;
    connector.write("42", "1", "Здравствуйте").await;
    let change = watch.next().await;
    assert_eq!(
        change.conversation.as_ref().map(|it| &it.id),
        Some(&talk.id)
    );
    let told = format!("{change:?}");
    assert!(!told.contains("Петрова"), "{told}");
}

#[tokio::test]
async fn a_channel_takes_only_the_addresses_it_knows() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let first = create(&admin, &connector, phone("79991234567"), "").await;
    assert_eq!(reason(first).0, "FIELD_INVALID", "clients write first");
    addressed_by(&connector, hub::ClientAddress::Phone).await;
    let by_id = create(&admin, &connector, id("42"), "").await;
    assert_eq!(reason(by_id).0, "FIELD_INVALID", "phones only");
    for wrong in ["1234567", "1234567890123456", "call me"] {
        let refused = create(&admin, &connector, phone(wrong), "").await;
        assert_eq!(reason(refused).0, "PHONE_INVALID", "{wrong}");
    }
}

#[tokio::test]
async fn contacts_that_are_alike_are_suggested_and_not_merged() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    addressed_by(&connector, hub::ClientAddress::Phone).await;
    let with_number = crm::Contact {
        name: "Анна Старая".into(),
        phones: vec![crm::Phone {
            number: "+79991234567".into(),
            label: String::new(),
        }],
        ..Default::default()
    };
    let old = contact(&admin, with_number).await;
    let named = contact(&admin, known_as("42")).await;
    let request = CreateChatRequest {
        connection_id: connector.connection.clone(),
        client: Some(phone("79991234567")),
        contact_id: named.id.clone(),
    };
    let created = ChatServiceClient::new(admin.channel())
        .create_chat(admin.ask(request).await)
        .await;
    let created = created.expect("created").into_inner();
    assert_eq!(created.contact_id, named.id);
    assert_eq!(created.similar_contact_ids, std::slice::from_ref(&old.id));
    assert_eq!(read(&admin, &old.id).await.phones.len(), 1);
    assert_eq!(
        read(&admin, &named.id).await.phones.len(),
        1,
        "supplemented"
    );
}

/// From now on the employee adds contacts, and views those that are theirs.
async fn may_have_own_contacts(admin: &Admin, employee: &Employee) {
    let cell = |entity: RightEntity, action: RightAction, level: RightLevel| RightCell {
        entity: entity.into(),
        action: action.into(),
        level: level.into(),
        ..Default::default()
    };
    let rights = Rights {
        subject: Some(RightsSubject {
            subject: Some(Subject::UserId(employee.user().id.clone())),
        }),
        cells: vec![
            cell(
                RightEntity::Contacts,
                RightAction::Create,
                RightLevel::Allowed,
            ),
            cell(RightEntity::Contacts, RightAction::View, RightLevel::Own),
            cell(RightEntity::Deals, RightAction::View, RightLevel::Own),
        ],
        ..Default::default()
    };
    let request = SetRightsRequest {
        rights: Some(rights),
    };
    let set = RightsServiceClient::new(admin.channel())
        .set_rights(admin.ask(request).await)
        .await;
    set.expect("set");
}

#[tokio::test]
async fn a_manager_creates_a_chat_and_sees_it_at_once() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    addressed_by(&connector, hub::ClientAddress::Phone).await;
    let manager = admin.colleague("boris@office.example", Role::Manager).await;
    let refused = create(&manager, &connector, phone("79991234567"), "").await;
    assert_eq!(reason(refused).0, "PERMISSION_MISSING", "no contacts");
    may_have_own_contacts(&admin, &manager).await;
    let chat = wait_for("the rights are known", async || {
        let created = create(&manager, &connector, phone("79991234567"), "").await;
        created.ok()
    })
    .await;
    assert_eq!(chat.client_name, "");
    let again = create(&manager, &connector, phone("79991234567"), "").await;
    assert_eq!(reason(again), ("CHAT_EXISTS".into(), chat.id));
}

/// WhatsApp's connector, as far as it says who is registered.
#[derive(Debug, Clone, Default)]
struct Registry(Arc<Mutex<ClientState>>);

#[tonic::async_trait]
impl ClientService for Registry {
    async fn check_client(
        &self,
        _request: Request<CheckClientRequest>,
    ) -> Result<Response<CheckClientResponse>, Status> {
        let state = *self.0.lock().expect("no panic");
        Ok(Response::new(CheckClientResponse {
            state: state.into(),
            external_chat_id: String::new(),
        }))
    }
}

impl Registry {
    /// Says this from now on.
    fn says(&self, state: ClientState) {
        *self.0.lock().expect("no panic") = state;
    }

    /// Serves; where.
    async fn serve(&self, life: &Lifecycle) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let server = Server::builder()
            .add_service(ClientServiceServer::new(self.clone()))
            .serve_with_incoming(TcpIncoming::from(listener));
        life.spawn("registry", async move {
            let _ = server.await;
        });
        format!("http://{address}")
    }
}

/// A WhatsApp connector of the account's own, with one connection.
async fn whatsapp(admin: &Admin, url: &str) -> Connector {
    let key = admin.api_key(&["connector:whatsapp"]).await;
    let mut connector = Connector::new(url, key.secret);
    let manifest = hub::ConnectorManifest {
        key: "whatsapp".into(),
        title: "WhatsApp".into(),
        client_address: hub::ClientAddress::Phone.into(),
        ..Default::default()
    };
    let request = hub::RegisterConnectorRequest {
        manifest: Some(manifest),
    };
    let request = with_token(&connector.secret, request);
    let registered = connector.hub().register_connector(request).await;
    registered.expect("registered");
    let connection = Connection {
        connector_key: "whatsapp".into(),
        title: "WhatsApp".into(),
        external_id: "106540352242922".into(),
        enabled: true,
        ..Default::default()
    };
    let request = CreateConnectionRequest {
        connection: Some(connection),
        ..Default::default()
    };
    let made = admin
        .connections()
        .create_connection(admin.ask(request).await)
        .await;
    let made = made.expect("made").into_inner().connection;
    connector.connection = made.expect("a connection").id;
    connector
}

async fn report_health(connector: &Connector, state: ConnectionState) {
    let report = hub::HealthReport {
        connection_id: connector.connection.clone(),
        state: state.into(),
        text: "The token was revoked.".into(),
    };
    let request = hub::ReportHealthRequest {
        connector_key: "whatsapp".into(),
        reports: vec![report],
    };
    let told = connector
        .hub()
        .report_health(with_token(&connector.secret, request))
        .await;
    told.expect("taken");
}

/// Reason and text for a person who reads Russian.
async fn told(
    employee: &Employee,
    connector: &Connector,
    number: &str,
    contact_id: &str,
) -> (String, String) {
    let request = CreateChatRequest {
        connection_id: connector.connection.clone(),
        client: Some(phone(number)),
        contact_id: contact_id.into(),
    };
    let mut request = employee.ask(request).await;
    let russian = "ru".parse().expect("ASCII");
    request.metadata_mut().insert("accept-language", russian);
    let refused = ChatServiceClient::new(employee.channel())
        .create_chat(request)
        .await
        .expect_err("refused");
    let details = refused.get_error_details();
    let text = details.localized_message().expect("a text").message.clone();
    (details.error_info().expect("a reason").reason.clone(), text)
}

/// Decision table 2.3: in every step all obstacles of the later ones stand in the way as well.
#[tokio::test]
async fn of_eight_results_the_first_of_the_table_is_told() {
    let registry = Registry::default();
    registry.says(ClientState::NotRegistered);
    let life = Lifecycle::new();
    let environment = vec![("BESEDA_WHATSAPP_URL", registry.serve(&life).await)];
    let cluster = Cluster::with_settings(Settings {
        environment,
        ..Settings::default()
    })
    .await;
    let admin = cluster.account("office").await;
    let connector = whatsapp(&admin, &cluster.url()).await;
    let manager = admin.colleague("boris@office.example", Role::Manager).await;
    registry.says(ClientState::Registered);
    let chat = create(&admin, &connector, phone("79990000001"), "").await;
    let chat = chat.expect("created");
    registry.says(ClientState::NotRegistered);
    let email = admin.user().email.clone();
    let subscription = async |state: &str| {
        let arguments = ["admin", "set-subscription", "--account-of", &email, state];
        cluster.command(&arguments).await;
    };
    let part = async |part: &str| {
        let id = &connector.connection[..];
        let arguments = ["admin", "set-connection-subscription", id, part];
        cluster.command(&arguments).await;
    };
    subscription("unpaid").await;
    part("excluded").await;
    report_health(&connector, ConnectionState::Broken).await;
    let nobody = "con_01h455vb4pex5vsknk084sn02q";
    let text = |reason: &str, text: &str| (reason.to_owned(), text.to_owned());

    let first = told(&admin, &connector, "1", nobody).await;
    let auth_failed = text(
        "CHANNEL_AUTH_FAILED",
        "Ошибка авторизации. Попробуйте позже.",
    );
    assert_eq!(first, auth_failed);
    report_health(&connector, ConnectionState::Working).await;
    assert_eq!(
        told(&admin, &connector, "1", nobody).await,
        text("PHONE_INVALID", "Укажите корректный номер телефона.")
    );
    assert_eq!(
        told(&admin, &connector, "+7 (999) 000-00-01", nobody).await,
        text(
            "CHAT_EXISTS",
            "Такой чат уже существует. Перейдите к нему по кнопке ниже."
        )
    );
    let exists = create(&admin, &connector, phone("79990000001"), nobody).await;
    assert_eq!(reason(exists).1, chat.id);
    assert_eq!(
        told(&manager, &connector, "79990000001", nobody).await,
        text(
            "CHAT_RESTRICTED",
            "Доступ к чату ограничен. Обратитесь к администратору CRM."
        )
    );
    let restricted = create(&manager, &connector, phone("79990000001"), nobody).await;
    assert_eq!(reason(restricted).1, "", "nothing else is disclosed");

    let other = async || told(&admin, &connector, "79990000002", nobody).await;
    let unpaid = async || {
        let told = other().await;
        (told == text("SUBSCRIPTION_UNPAID", "Подписка не оплачена.")).then_some(())
    };
    wait_for("the subscription counts as unpaid", unpaid).await;
    subscription("active").await;
    let paid = async || Some(other().await).filter(|told| told.0 != "SUBSCRIPTION_UNPAID");
    assert_eq!(
        wait_for("the subscription counts as paid", paid).await,
        text(
            "CONNECTION_NOT_IN_SUBSCRIPTION",
            "Подключение не входит в активную подписку."
        )
    );
    part("included").await;
    assert_eq!(
        other().await,
        text("CONTACT_NOT_FOUND", "Контакт не найден.")
    );
    assert_eq!(
        told(&admin, &connector, "79990000002", "").await,
        text(
            "CLIENT_NOT_REGISTERED",
            "Пользователь не зарегистрирован в WhatsApp."
        )
    );
    registry.says(ClientState::CredentialsRefused);
    assert_eq!(
        told(&admin, &connector, "79990000002", "").await,
        auth_failed
    );
    registry.says(ClientState::Registered);
    let created = create(&admin, &connector, phone("79990000002"), "").await;
    created.expect("created");
}
