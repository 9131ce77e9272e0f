//! Every RPC refuses who must not call it, for the right reason, and nothing changes.
//!
//! The methods come from the contracts: one without a case here fails the test, so a new RPC cannot go without.

use std::collections::{BTreeMap, BTreeSet};

use api::connector::v1 as hub;
use api::conversations::v1 as conv;
use api::error::v1::ErrorReason as R;
use api::identity::v1 as id;
use api::onlinechat::v1 as och;
use bytes::Bytes;
use integration_tests::actors::{Admin, CONNECTOR, Connector, Visitor, written};
use integration_tests::calls::{channel, reason};
use integration_tests::{Cluster, Seed, raw};
use prost::Message;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::{methods, tokens};

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
    /// Visitors.
    Visitors,
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
}

impl Theirs {
    async fn make(cluster: &Cluster) -> Self {
        let admin = cluster.account("theirs").await;
        let connector = admin.connector(conv::ConversationMode::NewAfterClose).await;
        let online_chat = admin.online_chat(och::OnlineChatMode::OneActive).await;
        let visitor = Visitor::come(&cluster.url(), &online_chat.id, "").await.expect("a visitor comes");
        visitor.send(Seed::take().uuid(), "", "Моё").await.expect("sent");
        let written = connector.write("chat", "1", "Секрет").await;
        admin.send(&written.conversation_id, "Наш секрет").await.expect("sent");
        let conversation = admin.get(&written.conversation_id).await.expect("it");
        let key = admin.api_key(&["inbox.read"]).await.api_key.expect("a key");
        let group = id::CreateGroupRequest { group: Some(id::Group { name: "Отдел".into(), ..Default::default() }), ..Default::default() };
        let mut groups = id::group_service_client::GroupServiceClient::new(admin.channel());
        let group = groups.create_group(admin.ask(group).await).await.expect("a group").into_inner().group.expect("it");
        let delivery = "dlv_01h455vb4pex5vsknk084sn02q".to_owned();
        Self { admin, connector, visitor, conversation, online_chat, key, group, delivery }
    }

    /// Everything that the account's administrator can list, as bytes: what must not change.
    async fn state(&self) -> BTreeMap<&'static str, Bytes> {
        let lists = [
            "/beseda.conversations.v1.InboxService/ListConversations",
            "/beseda.conversations.v1.ConnectionService/ListConnections",
            "/beseda.identity.v1.AccountService/GetAccount",
            "/beseda.identity.v1.UserService/ListUsers",
            "/beseda.identity.v1.GroupService/ListGroups",
            "/beseda.identity.v1.ApiKeyService/ListApiKeys",
            "/beseda.identity.v1.AuditService/ListAuditEntries",
            "/beseda.onlinechat.v1.OnlineChatService/ListOnlineChats",
        ];
        let mut state = BTreeMap::new();
        for path in lists {
            let answer = raw::call(&self.admin.channel(), path, &self.admin.token().await, Bytes::new()).await;
            state.insert(path, answer.unwrap_or_else(|status| panic!("{path}: {status:?}")));
        }
        let messages = self.admin.page(&self.conversation.id, 200, None).await.expect("a page");
        state.insert("messages", messages.encode_to_vec().into());
        let mine = self.visitor.messages("").await.expect("a history");
        state.insert("visitor", mine.iter().flat_map(Message::encode_to_vec).collect());
        state
    }
}

/// The cases, by path.
fn cases(theirs: &Theirs) -> BTreeMap<&'static str, Case> {
    let mut cases = BTreeMap::new();
    identity_cases(theirs, &mut cases);
    conversations_cases(theirs, &mut cases);
    hub_cases(theirs, &mut cases);
    onlinechat_cases(theirs, &mut cases);
    cases
}

type Cases = BTreeMap<&'static str, Case>;

fn add(cases: &mut Cases, path: &'static str, door: Door, foreign: &impl Message, refusal: impl Into<Option<R>>, empty: impl Into<Option<R>>) {
    let case = Case { door, foreign: foreign.encode_to_vec().into(), refusal: refusal.into(), empty: empty.into() };
    assert!(cases.insert(path, case).is_none(), "{path} has two cases");
}

fn identity_cases(theirs: &Theirs, cases: &mut Cases) {
    use Door::{Administrators, Everybody, Open};
    let user = theirs.admin.user().clone();
    let (user_id, group_id) = (user.id.clone(), theirs.group.id.clone());
    let session_id = "ses_01h455vb4pex5vsknk084sn02q".to_owned();
    let page_token = "bm9uc2Vuc2U".to_owned();

    add(cases, "/beseda.identity.v1.SessionService/LogIn", Open, &id::LogInRequest { email: user.email.clone(), password: "wrong".into(), ..Default::default() }, R::CredentialsInvalid, R::FieldInvalid);
    add(cases, "/beseda.identity.v1.SessionService/RefreshSession", Open, &id::RefreshSessionRequest { refresh_token: "wrong".into() }, R::TokenInvalid, R::FieldInvalid);
    add(cases, "/beseda.identity.v1.SessionService/IssueClientToken", Open, &id::IssueClientTokenRequest { client_id: theirs.key.id.clone(), client_secret: "wrong".into() }, R::CredentialsInvalid, R::FieldInvalid);
    add(cases, "/beseda.identity.v1.SessionService/LogOut", Everybody, &id::LogOutRequest {}, None, None);
    add(cases, "/beseda.identity.v1.SessionService/GetCaller", Everybody, &id::GetCallerRequest {}, None, None);
    add(cases, "/beseda.identity.v1.SessionService/ListSessions", Everybody, &id::ListSessionsRequest { user_id: user_id.clone(), ..Default::default() }, R::UserNotFound, None);
    add(cases, "/beseda.identity.v1.SessionService/KillSession", Everybody, &id::KillSessionRequest { session_id }, R::SessionNotFound, R::FieldInvalid);

    add(cases, "/beseda.identity.v1.AccountService/GetAccount", Everybody, &id::GetAccountRequest {}, None, None);
    let mask = |paths: &[&str]| Some(prost_types::FieldMask { paths: paths.iter().map(|it| (*it).to_owned()).collect() });
    add(cases, "/beseda.identity.v1.AccountService/UpdateAccount", Administrators, &id::UpdateAccountRequest { account: Some(id::Account { id: "acc_01h455vb4pex5vsknk084sn02q".into(), ..Default::default() }), update_mask: mask(&["plan"]) }, R::FieldInvalid, R::FieldInvalid);

    add(cases, "/beseda.identity.v1.UserService/CreateUser", Administrators, &id::CreateUserRequest { user: Some(id::User { email: "x@y.example".into(), name: "Х".into(), group_id: group_id.clone(), ..Default::default() }), password: "correct horse battery".into(), ..Default::default() }, R::GroupNotFound, R::FieldInvalid);
    add(cases, "/beseda.identity.v1.UserService/GetUser", Everybody, &id::GetUserRequest { user_id: user_id.clone() }, R::UserNotFound, R::FieldInvalid);
    add(cases, "/beseda.identity.v1.UserService/ListUsers", Everybody, &id::ListUsersRequest { page_token: page_token.clone(), ..Default::default() }, R::PageTokenMismatch, None);
    add(cases, "/beseda.identity.v1.UserService/UpdateUser", Administrators, &id::UpdateUserRequest { user: Some(id::User { name: "Чужой".into(), ..user.clone() }), update_mask: mask(&["name"]) }, R::UserNotFound, R::FieldInvalid);
    add(cases, "/beseda.identity.v1.UserService/SetPassword", Everybody, &id::SetPasswordRequest { user_id, new_password: "another correct horse".into(), ..Default::default() }, R::UserNotFound, R::FieldInvalid);

    add(cases, "/beseda.identity.v1.GroupService/CreateGroup", Administrators, &id::CreateGroupRequest { group: Some(id::Group::default()), ..Default::default() }, R::FieldInvalid, R::FieldInvalid);
    add(cases, "/beseda.identity.v1.GroupService/GetGroup", Everybody, &id::GetGroupRequest { group_id: group_id.clone() }, R::GroupNotFound, R::FieldInvalid);
    add(cases, "/beseda.identity.v1.GroupService/ListGroups", Everybody, &id::ListGroupsRequest { page_token: page_token.clone(), ..Default::default() }, R::PageTokenMismatch, None);
    add(cases, "/beseda.identity.v1.GroupService/UpdateGroup", Administrators, &id::UpdateGroupRequest { group: Some(id::Group { name: "Чужой".into(), ..theirs.group.clone() }), update_mask: mask(&["name"]) }, R::GroupNotFound, R::FieldInvalid);
    add(cases, "/beseda.identity.v1.GroupService/DeleteGroup", Administrators, &id::DeleteGroupRequest { group_id }, R::GroupNotFound, R::FieldInvalid);

    add(cases, "/beseda.identity.v1.ApiKeyService/CreateApiKey", Administrators, &id::CreateApiKeyRequest { api_key: Some(id::ApiKey { name: "x".into(), scopes: vec!["everything".into()], ..Default::default() }) }, R::FieldInvalid, R::FieldInvalid);
    add(cases, "/beseda.identity.v1.ApiKeyService/ListApiKeys", Administrators, &id::ListApiKeysRequest { page_token: page_token.clone(), ..Default::default() }, R::PageTokenMismatch, None);
    add(cases, "/beseda.identity.v1.ApiKeyService/RevokeApiKey", Administrators, &id::RevokeApiKeyRequest { api_key_id: theirs.key.id.clone() }, R::ApiKeyNotFound, R::FieldInvalid);
    add(cases, "/beseda.identity.v1.AuditService/ListAuditEntries", Administrators, &id::ListAuditEntriesRequest { page_token, ..Default::default() }, R::PageTokenMismatch, None);
}

fn conversations_cases(theirs: &Theirs, cases: &mut Cases) {
    use Door::{Administrators, Everybody};
    let conversation_id = theirs.conversation.id.clone();
    let connection = conv::Connection { id: theirs.connector.connection.clone(), title: "Чужая".into(), ..Default::default() };
    add(cases, "/beseda.conversations.v1.InboxService/ListConversations", Everybody, &conv::ListConversationsRequest { connection_id: connection.id.clone(), ..Default::default() }, None, None);
    add(cases, "/beseda.conversations.v1.InboxService/WatchInbox", Everybody, &conv::WatchInboxRequest { cursor: "nonsense".into() }, R::CursorInvalid, None);
    add(cases, "/beseda.conversations.v1.ConversationService/GetConversation", Everybody, &conv::GetConversationRequest { conversation_id: conversation_id.clone() }, R::ConversationNotFound, R::FieldInvalid);
    add(cases, "/beseda.conversations.v1.ConversationService/ListMessages", Everybody, &conv::ListMessagesRequest { conversation_id: conversation_id.clone(), ..Default::default() }, R::ConversationNotFound, R::FieldInvalid);
    add(cases, "/beseda.conversations.v1.ConversationService/SendMessage", Everybody, &conv::SendMessageRequest { conversation_id: conversation_id.clone(), text: "чужое".into(), ..Default::default() }, R::ConversationNotFound, R::FieldInvalid);
    add(cases, "/beseda.conversations.v1.ConversationService/StartConversation", Everybody, &conv::StartConversationRequest { chat_id: theirs.conversation.chat_id.clone(), text: "чужое".into(), ..Default::default() }, R::ChatNotFound, R::FieldInvalid);
    add(cases, "/beseda.conversations.v1.ConversationService/MarkNoAnswerNeeded", Everybody, &conv::MarkNoAnswerNeededRequest { conversation_id: conversation_id.clone() }, R::ConversationNotFound, R::FieldInvalid);
    add(cases, "/beseda.conversations.v1.ConversationService/CloseConversation", Everybody, &conv::CloseConversationRequest { conversation_id, ..Default::default() }, R::ConversationNotFound, R::FieldInvalid);
    add(cases, "/beseda.conversations.v1.ConnectionService/CreateConnection", Administrators, &conv::CreateConnectionRequest { connection: Some(conv::Connection { connector_key: "nobody-s".into(), title: "Х".into(), external_id: "x".into(), ..Default::default() }), ..Default::default() }, R::ConnectorNotFound, R::FieldInvalid);
    add(cases, "/beseda.conversations.v1.ConnectionService/GetConnection", Everybody, &conv::GetConnectionRequest { connection_id: connection.id.clone() }, R::ConnectionNotFound, R::FieldInvalid);
    add(cases, "/beseda.conversations.v1.ConnectionService/ListConnections", Everybody, &conv::ListConnectionsRequest { page_token: "bm9uc2Vuc2U".into(), ..Default::default() }, R::PageTokenMismatch, None);
    add(cases, "/beseda.conversations.v1.ConnectionService/UpdateConnection", Administrators, &conv::UpdateConnectionRequest { connection: Some(connection), update_mask: Some(prost_types::FieldMask { paths: vec!["title".into()] }) }, R::ConnectionNotFound, R::FieldInvalid);
}

fn hub_cases(theirs: &Theirs, cases: &mut Cases) {
    use Door::Connectors;
    let connector_key = CONNECTOR.to_owned();
    let event = theirs.connector.event("chat", "new", written("чужое"));
    let report = hub::DeliveryReport { delivery_id: theirs.delivery.clone(), outcome: hub::DeliveryOutcome::Delivered.into(), ..Default::default() };
    add(cases, "/beseda.connector.v1.ConnectorHubService/RegisterConnector", Connectors, &hub::RegisterConnectorRequest { manifest: Some(hub::ConnectorManifest { key: connector_key.clone(), ..Default::default() }) }, R::FieldInvalid, R::ScopeMissing);
    add(cases, "/beseda.connector.v1.ConnectorHubService/WatchConnections", Connectors, &hub::WatchConnectionsRequest { connector_key: connector_key.clone() }, None, R::ScopeMissing);
    add(cases, "/beseda.connector.v1.ConnectorHubService/Publish", Connectors, &hub::PublishRequest { connector_key: connector_key.clone(), events: vec![event.clone()] }, None, R::ScopeMissing);
    add(cases, "/beseda.connector.v1.ConnectorHubService/PublishStream", Connectors, &hub::PublishStreamRequest { connector_key: connector_key.clone(), events: vec![event] }, None, R::ScopeMissing);
    add(cases, "/beseda.connector.v1.ConnectorHubService/TakeDeliveries", Connectors, &hub::TakeDeliveriesRequest { connector_key: connector_key.clone(), max_in_flight: -1 }, R::FieldInvalid, R::ScopeMissing);
    add(cases, "/beseda.connector.v1.ConnectorHubService/ReportDeliveries", Connectors, &hub::ReportDeliveriesRequest { connector_key: connector_key.clone(), reports: vec![report] }, None, R::ScopeMissing);
    add(cases, "/beseda.connector.v1.ConnectorHubService/ListChatMessages", Connectors, &hub::ListChatMessagesRequest { connector_key: connector_key.clone(), connection_id: theirs.connector.connection.clone(), external_chat_id: "chat".into(), ..Default::default() }, R::ConnectionNotFound, R::ScopeMissing);
    add(cases, "/beseda.connector.v1.ConnectorHubService/ListChatConversations", Connectors, &hub::ListChatConversationsRequest { connector_key, connection_id: theirs.connector.connection.clone(), external_chat_id: "chat".into(), include_closed: true }, R::ConnectionNotFound, R::ScopeMissing);
}

fn onlinechat_cases(theirs: &Theirs, cases: &mut Cases) {
    use Door::{Administrators, Everybody, Open, Visitors};
    let online_chat = och::OnlineChat { title: "Чужой".into(), ..theirs.online_chat.clone() };
    let online_chat_id = online_chat.id.clone();
    add(cases, "/beseda.onlinechat.v1.OnlineChatService/CreateOnlineChat", Administrators, &och::CreateOnlineChatRequest { online_chat: Some(och::OnlineChat { title: "Х".into(), site_url: "no address".into(), ..Default::default() }), ..Default::default() }, R::FieldInvalid, R::FieldInvalid);
    add(cases, "/beseda.onlinechat.v1.OnlineChatService/GetOnlineChat", Everybody, &och::GetOnlineChatRequest { online_chat_id: online_chat_id.clone() }, R::OnlineChatNotFound, R::FieldInvalid);
    add(cases, "/beseda.onlinechat.v1.OnlineChatService/ListOnlineChats", Everybody, &och::ListOnlineChatsRequest { page_token: "bm9uc2Vuc2U".into(), ..Default::default() }, R::PageTokenMismatch, None);
    add(cases, "/beseda.onlinechat.v1.OnlineChatService/UpdateOnlineChat", Administrators, &och::UpdateOnlineChatRequest { online_chat: Some(online_chat), update_mask: Some(prost_types::FieldMask { paths: vec!["title".into()] }) }, R::OnlineChatNotFound, R::FieldInvalid);
    add(cases, "/beseda.onlinechat.v1.OnlineChatService/GetEmbedCode", Everybody, &och::GetEmbedCodeRequest { online_chat_id: online_chat_id.clone() }, R::OnlineChatNotFound, R::FieldInvalid);
    add(cases, "/beseda.onlinechat.v1.VisitorService/StartVisitorSession", Open, &och::StartVisitorSessionRequest { online_chat_id, embedding_origin: "https://evil.example".into(), ..Default::default() }, R::OriginNotAllowed, R::FieldInvalid);
    add(cases, "/beseda.onlinechat.v1.VisitorService/ListVisitorConversations", Visitors, &och::ListVisitorConversationsRequest {}, None, None);
    add(cases, "/beseda.onlinechat.v1.VisitorService/ListVisitorMessages", Visitors, &och::ListVisitorMessagesRequest { before_seq: -1, ..Default::default() }, R::FieldInvalid, None);
    add(cases, "/beseda.onlinechat.v1.VisitorService/SendVisitorMessage", Visitors, &och::SendVisitorMessageRequest { client_message_id: "no uuid".into(), text: "х".into(), ..Default::default() }, R::FieldInvalid, R::FieldInvalid);
    add(cases, "/beseda.onlinechat.v1.VisitorService/WatchVisitor", Visitors, &och::WatchVisitorRequest { after_seq: -1 }, R::FieldInvalid, None);
    add(cases, "/beseda.onlinechat.v1.VisitorService/MarkRead", Visitors, &och::MarkReadRequest { seq: -1, ..Default::default() }, R::FieldInvalid, R::FieldInvalid);
    add(cases, "/beseda.onlinechat.v1.VisitorService/FinishConversation", Visitors, &och::FinishConversationRequest { thread_id: "no uuid".into() }, R::FinishNotAllowed, R::FinishNotAllowed);
}

/// Those who try: each may call something, and nothing of what belongs to `theirs`.
struct Strangers {
    admin: Admin,
    manager: String,
    program: String,
    connector: String,
    visitor: Visitor,
    expired: String,
    service: String,
}

impl Strangers {
    async fn make(cluster: &Cluster) -> Self {
        let admin = cluster.account("stranger").await;
        let connector = admin.connector(conv::ConversationMode::NewAfterClose).await;
        let chat = admin.online_chat(och::OnlineChatMode::OneActive).await;
        let caller = admin.sessions().get_caller(admin.ask(id::GetCallerRequest {}).await).await.expect("it").into_inner();
        let manager = admin.colleague("manager@stranger.example", id::Role::Manager).await;
        let visitor = Visitor::come(&cluster.url(), &chat.id, "").await.expect("a visitor comes");
        // So that the visitor's live stream has something to say.
        visitor.send(Seed::take().uuid(), "", "Здравствуйте").await.expect("sent");
        Self {
            manager: manager.token().await,
            program: admin.api_key(&["connector:another-channel"]).await.secret,
            connector: connector.secret,
            visitor,
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
            Door::Visitors => self.visitor.token().to_owned(),
        }
    }
}

/// Ends its own session: it is called last.
const LOG_OUT: &str = "/beseda.identity.v1.SessionService/LogOut";

#[tokio::test]
async fn every_rpc_refuses() {
    let environment = vec![("BESEDA_RATE_LIMITS", "off".to_owned())];
    let cluster = Cluster::with(integration_tests::Settings { environment, ..Default::default() }).await;
    let theirs = Theirs::make(&cluster).await;
    let strangers = Strangers::make(&cluster).await;
    let cases = cases(&theirs);
    let known: BTreeSet<String> = cases.keys().map(|path| (*path).to_owned()).collect();
    assert_eq!(known, methods::paths(false), "every public RPC has a case in this file, and every case an RPC");

    let before = theirs.state().await;
    let channel = channel(&cluster.url());
    let (log_out, others): (Vec<_>, Vec<_>) = cases.iter().partition(|(path, _)| **path == LOG_OUT);
    let mut wrong = Vec::new();
    for (path, case) in others.into_iter().chain(log_out) {
        let mut found = Findings { path, channel: &channel, wrong: &mut wrong };
        found.without_a_good_token(case, &strangers).await;
        found.without_the_right(case, &strangers).await;
        let token = strangers.token(case.door).await;
        found.expect("an empty message", &token, Bytes::new(), case.empty).await;
        found.expect("another account's ids", &token, case.foreign.clone(), case.refusal).await;
        found.expect("no message", &token, Bytes::from_static(&[0xff, 0xff, 0xff]), Some(R::FieldInvalid)).await;
    }
    assert!(wrong.is_empty(), "{} of the answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
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
        self.expect("no token", "", case.foreign.clone(), Some(R::TokenMissing)).await;
        for token in tokens::garbage() {
            let what = format!("the token {:.20}", token);
            let answer = self.call(&token, case.foreign.clone()).await;
            self.note(&what, &answer, |status| status.code() == Code::Unauthenticated);
        }
        // A visitor's token is no employee's, and the other way round.
        let other = if case.door == Door::Visitors { strangers.admin.token().await } else { strangers.visitor.token().to_owned() };
        self.expect("a token for another door", &other, case.foreign.clone(), Some(R::TokenInvalid)).await;
        self.expect("a service's token", &strangers.service, case.foreign.clone(), Some(R::TokenInvalid)).await;
        if case.door != Door::Visitors {
            self.expect("an expired token", &strangers.expired, case.foreign.clone(), Some(R::TokenExpired)).await;
        }
    }

    async fn without_the_right(&mut self, case: &Case, strangers: &Strangers) {
        let denied = |status: &Status| status.code() == Code::PermissionDenied;
        match case.door {
            Door::Administrators => {
                self.expect("a manager", &strangers.manager, case.foreign.clone(), Some(R::PermissionMissing)).await;
                let answer = self.call(&strangers.program, case.foreign.clone()).await;
                self.note("a program without the scope", &answer, denied);
            }
            Door::Connectors => {
                let manager = self.call(&strangers.manager, case.foreign.clone()).await;
                self.note("an employee", &manager, denied);
                self.expect("another connector", &strangers.program, case.foreign.clone(), Some(R::ScopeMissing)).await;
            }
            Door::Open | Door::Everybody | Door::Visitors => {}
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
                kit::refusal::reason_of(status) == Some(wanted) && status.code() == kit::refusal::code(wanted)
            }),
            (Err(status), None) => self.wrong.push(format!("{}: {what}: refused: {status:?}", self.path)),
        }
    }

    fn note(&mut self, what: &str, answer: &Result<Bytes, Status>, is_right: impl Fn(&Status) -> bool) {
        match answer {
            Err(status) if is_right(status) => drop(reason(status)),
            Err(status) => self.wrong.push(format!("{}: {what}: {:?} {:?}", self.path, status.code(), status.message())),
            Ok(_) => self.wrong.push(format!("{}: {what}: was answered", self.path)),
        }
    }
}

#[tokio::test]
async fn internal_methods_cannot_be_reached_through_the_gateway() {
    let cluster = Cluster::start().await;
    let admin = cluster.account("office").await;
    let internal = methods::paths(true);
    assert!(internal.len() > 3, "{internal:?}");
    for token in [admin.token().await, tokens::of_service(&cluster).await, String::new()] {
        for path in &internal {
            let status = raw::call(&admin.channel(), path, &token, Bytes::new()).await.expect_err("refused");
            assert_eq!((status.code(), reason(&status)), (Code::Unimplemented, R::MethodUnknown), "{path}");
        }
    }
}
