//! WhatsApp, the connector, and the real hub with an account behind it.

use std::time::Duration;

use api::connector::internal::v1::hook_service_client::HookServiceClient;
use api::connector::internal::v1::{ReceiveRequest, ReceiveResponse};
use api::conversations::v1::attachment_service_client::AttachmentServiceClient;
use api::conversations::v1::connection_service_client::ConnectionServiceClient;
use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::inbox_service_client::InboxServiceClient;
use api::conversations::v1::{
    Connection, ConnectionHealth, ConnectionState, Conversation, CreateConnectionRequest,
    DeliveryStatus, GetConnectionRequest, ListConversationsRequest, ListMessagesRequest, Message,
    SendMessageRequest, UpdateConnectionRequest,
};
use api::identity::internal::v1::{AccountMember, AccountRights};
use api::identity::v1 as id;
use auth::{Principal, Role};
use connector_whatsapp::{App, Config};
use conversations::{FilesLocation, IngestConfig, MIGRATIONS};
use kit::lifecycle::Lifecycle;
use prost_types::{FieldMask, Struct};
use serde_json::{Value, json};
use testkit::identity::{Identity, SECRET};
use testkit::{TestDb, wait_for};
use tonic::Request;
use tonic::transport::Channel;
use types::{AccountId, Clock, SessionId, UserId};

use crate::cloud::{ACCOUNT, ANNA, ANNA_ID, Cloud, NUMBER, Sent, TOKEN};

pub struct World {
    // The database goes last.
    app: Lifecycle,
    life: Lifecycle,
    pub cloud: Cloud,
    pub admin: String,
    /// The gateway's token at the connector.
    pub gateway: String,
    pub hub: Channel,
    config: Config,
    /// The connector's own port.
    pub port: Channel,
    _folder: tempfile::TempDir,
    _db: TestDb,
}

impl Drop for World {
    fn drop(&mut self) {
        self.app.stop();
        self.life.stop();
    }
}

/// Starts the connector; its port, and its life.
pub async fn run(config: Config) -> (Channel, Lifecycle) {
    let life = Lifecycle::new();
    let app = App::build(config).await.expect("the connector is built");
    let port = kit::channel(&format!("http://{}", app.addr())).expect("an address");
    let running = life.clone();
    life.spawn("connector", async move {
        app.run(running).await.expect("the connector runs");
    });
    (port, life)
}

/// The real conversations; its address.
async fn hub(db: &TestDb, folder: &std::path::Path, identity: &str, life: &Lifecycle) -> String {
    let config = conversations::Config {
        listen: "127.0.0.1:0".parse().expect("an address"),
        database_url: db.url(&MIGRATIONS),
        redis_url: db.redis_url().await,
        identity: identity.to_owned(),
        // Of crm only its events are wanted: the double has none.
        crm: identity.to_owned(),
        client_checks: Vec::new(),
        service_secret: SECRET.to_owned().into(),
        ingest: IngestConfig::default(),
        files: FilesLocation::Folder(folder.to_owned()),
        media_names: Vec::new(),
        master_key: testkit::master_key(),
        max_connections: 10,
        clock: Clock::system(),
    };
    let app = conversations::App::build(config).await.expect("built");
    let address = format!("http://{}", app.addr().expect("bound"));
    let running = life.clone();
    life.spawn("hub", async move {
        app.run(running).await.expect("the hub runs");
    });
    address
}

impl World {
    pub async fn start() -> Self {
        let (life, clock) = (Lifecycle::new(), Clock::system());
        let db = testkit::database(&[&MIGRATIONS]).await;
        let folder = tempfile::tempdir().expect("a folder");
        let (hubs, hubs_url) = Identity::start("conversations", clock.clone(), &life).await;
        let (own, own_url) = Identity::start("connector-whatsapp", clock.clone(), &life).await;
        let gateway = own.token(Principal::Service {
            name: "gateway".to_owned(),
        });
        let cloud = Cloud::start(&life).await;
        let conversations = hub(&db, folder.path(), &hubs_url, &life).await;
        let config = Config {
            listen: "127.0.0.1:0".parse().expect("an address"),
            identity: own_url,
            conversations: conversations.clone(),
            service_secret: SECRET.to_owned().into(),
            api_url: cloud.api().parse().expect("an address"),
            media_hosts: vec![cloud.host()],
            look_time: Duration::from_secs(3_600),
            clock,
        };
        let admin = administrator(&hubs);
        let (port, app) = run(config.clone()).await;
        Self {
            app,
            life,
            cloud,
            admin,
            gateway,
            hub: kit::channel(&conversations).expect("an address"),
            config,
            port,
            _folder: folder,
            _db: db,
        }
    }

    /// Kills the connector, whatever it is at, and starts it again.
    pub async fn restart(&mut self) {
        self.app.drain(Duration::ZERO).await;
        (self.port, self.app) = run(self.config.clone()).await;
    }

    pub fn hooks(&self) -> HookServiceClient<Channel> {
        HookServiceClient::new(self.port.clone())
    }

    pub fn with<T>(&self, message: T) -> Request<T> {
        with(&self.admin, message)
    }

    /// A number as a connection; it waits until the connector is known.
    pub async fn number(&self, settings: &Value) -> Connection {
        let create = async || {
            let connection = Connection {
                connector_key: "whatsapp".to_owned(),
                title: "WhatsApp".to_owned(),
                external_id: "number".to_owned(),
                enabled: true,
                settings: Some(as_struct(settings.clone())),
                ..Connection::default()
            };
            let request = self.with(CreateConnectionRequest {
                connection: Some(connection),
                ..CreateConnectionRequest::default()
            });
            let reply = ConnectionServiceClient::new(self.hub.clone())
                .create_connection(request)
                .await;
            reply.ok()?.into_inner().connection
        };
        wait_for("the connector is known", create).await
    }

    /// A number that works.
    pub async fn working_number(&self) -> Connection {
        let connection = self.number(&settings(TOKEN)).await;
        self.until(&connection, ConnectionState::Working).await;
        connection
    }

    /// WhatsApp calls; the status of the answer.
    pub async fn call(&self, connection: &Connection, body: &Value) -> i32 {
        let body = body.to_string().into_bytes();
        self.call_signed(connection, &sign(&body), body).await
    }

    /// The same with a signature of one's own.
    pub async fn call_signed(
        &self,
        connection: &Connection,
        signature: &str,
        body: Vec<u8>,
    ) -> i32 {
        let headers = [("x-hub-signature-256".to_owned(), signature.to_owned())];
        let request = ReceiveRequest {
            method: "POST".to_owned(),
            path: connection.id.clone(),
            query: String::new(),
            headers: headers.into(),
            body,
        };
        self.receive(request).await.status
    }

    /// What the gateway passes on; WhatsApp calls again while the number is not known here yet.
    pub async fn receive(&self, request: ReceiveRequest) -> ReceiveResponse {
        let receive = async || {
            let mut call = Request::new(request.clone());
            let token = format!("Bearer {}", self.gateway).parse().expect("ASCII");
            call.metadata_mut().insert("authorization", token);
            let reply = HookServiceClient::new(self.port.clone())
                .receive(call)
                .await;
            let reply = reply.expect("received").into_inner();
            (reply.status != 404).then_some(reply)
        };
        wait_for("the number is known", receive).await
    }

    /// Anna writes.
    pub async fn write(&self, connection: &Connection, message: Value) {
        let mut whole = json!({"from": ANNA, "from_user_id": ANNA_ID, "id": "wamid.A1",
            "timestamp": now().to_string()});
        let fields = message.as_object().cloned().expect("an object");
        whole.as_object_mut().expect("an object").extend(fields);
        let body = payload(&json!({"messages": [whole]}));
        assert_eq!(self.call(connection, &body).await, 200);
    }

    /// What became of a message that was sent.
    pub async fn status(&self, connection: &Connection, sent: &Sent, status: &str) {
        let mut told = json!({"id": sent.id, "status": status, "timestamp": now().to_string(),
            "recipient_id": sent.to, "biz_opaque_callback_data": sent.data});
        if status == "failed" {
            told["errors"] = json!([{"code": 131_047, "title": "Re-engagement message"}]);
        }
        let body = payload(&json!({"statuses": [told]}));
        assert_eq!(self.call(connection, &body).await, 200);
    }

    pub async fn set(&self, connection: &Connection, settings: Value) {
        let request = self.with(UpdateConnectionRequest {
            connection: Some(Connection {
                id: connection.id.clone(),
                settings: Some(as_struct(settings)),
                ..Connection::default()
            }),
            update_mask: Some(FieldMask {
                paths: vec!["settings".to_owned()],
            }),
        });
        let mut connections = ConnectionServiceClient::new(self.hub.clone());
        connections
            .update_connection(request)
            .await
            .expect("changed");
    }

    /// Waits until the connector says this of the connection.
    pub async fn until(&self, connection: &Connection, state: ConnectionState) -> ConnectionHealth {
        let health = async || {
            let request = self.with(GetConnectionRequest {
                connection_id: connection.id.clone(),
            });
            let mut connections = ConnectionServiceClient::new(self.hub.clone());
            let reply = connections.get_connection(request).await.expect("shown");
            let health = reply.into_inner().connection?.health;
            health.filter(|it| it.state() == state)
        };
        wait_for(&format!("the state {state:?}"), health).await
    }

    pub async fn conversations(&self) -> Vec<Conversation> {
        let request = self.with(ListConversationsRequest {
            page_size: 100,
            ..ListConversationsRequest::default()
        });
        let reply = InboxServiceClient::new(self.hub.clone())
            .list_conversations(request)
            .await;
        reply.expect("listed").into_inner().conversations
    }

    pub async fn messages(&self, conversation: &str) -> Vec<Message> {
        let request = self.with(ListMessagesRequest {
            conversation_id: conversation.to_owned(),
            page_size: 200,
            ..ListMessagesRequest::default()
        });
        let reply = ConversationServiceClient::new(self.hub.clone())
            .list_messages(request)
            .await;
        reply.expect("listed").into_inner().messages
    }

    /// All messages of the account, a list for each conversation, once there are so many.
    pub async fn all_messages(&self, count: usize) -> Vec<Vec<Message>> {
        let all = async || {
            let mut all = Vec::new();
            for conversation in self.conversations().await {
                all.push(self.messages(&conversation.id).await);
            }
            (all.iter().map(Vec::len).sum::<usize>() >= count).then_some(all)
        };
        wait_for(&format!("{count} messages"), all).await
    }

    /// Anna writes; her conversation.
    pub async fn anna(&self, connection: &Connection) -> String {
        let hello = json!({"type": "text", "text": {"body": "hello"}});
        self.write(connection, hello).await;
        let messages = self.all_messages(1).await;
        messages[0][0].conversation_id.clone()
    }

    /// The status of the newest message of a conversation, once it is this one.
    pub async fn until_status(&self, conversation: &str, status: DeliveryStatus) -> Message {
        let newest = async || {
            let newest = self.messages(conversation).await.pop()?;
            (newest.delivery_status() == status).then_some(newest)
        };
        wait_for(&format!("the status {status:?}"), newest).await
    }

    /// What was sent, once there is so much.
    pub async fn sent(&self, count: usize) -> Vec<Sent> {
        let sent = async || {
            let sent = self.cloud.sent();
            (sent.len() >= count).then_some(sent)
        };
        wait_for(&format!("{count} messages at WhatsApp"), sent).await
    }

    /// An employee answers.
    pub async fn answer(&self, conversation: &str, text: &str, files: Vec<String>) {
        let request = self.with(SendMessageRequest {
            conversation_id: conversation.to_owned(),
            text: text.to_owned(),
            attachment_ids: files,
            ..SendMessageRequest::default()
        });
        let mut conversations = ConversationServiceClient::new(self.hub.clone());
        conversations.send_message(request).await.expect("sent");
    }

    pub fn attachments(&self) -> AttachmentServiceClient<Channel> {
        AttachmentServiceClient::new(self.hub.clone())
    }
}

/// What an administrator enters.
pub fn settings(token: &str) -> Value {
    json!({"phone_number_id": NUMBER, "business_account_id": ACCOUNT, "token": token, "app_secret": "app-secret",
        "verify_token": "our-word", "number_check": "contacts"})
}

/// A payload of the number.
pub fn payload(value: &Value) -> Value {
    let mut whole = json!({"messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": NUMBER},
        "contacts": [{"profile": {"name": "Anna"}, "wa_id": ANNA, "user_id": ANNA_ID}]});
    let fields = value.as_object().cloned().expect("an object");
    whole.as_object_mut().expect("an object").extend(fields);
    json!({"object": "whatsapp_business_account",
        "entry": [{"id": ACCOUNT, "changes": [{"field": "messages", "value": whole}]}]})
}

/// As WhatsApp signs.
pub fn sign(body: &[u8]) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"app-secret");
    let signature = ring::hmac::sign(&key, body);
    format!(
        "sha256={}",
        data_encoding::HEXLOWER.encode(signature.as_ref())
    )
}

fn now() -> i64 {
    Clock::system().now().unix_timestamp()
}

fn administrator(identity: &Identity) -> String {
    let (account, user) = (AccountId::generate(), UserId::generate());
    let member = AccountMember {
        user_id: user.uuid().as_bytes().to_vec(),
        name: "Мария".to_owned(),
        role: id::Role::Administrator.into(),
        language: "en".to_owned(),
        active: true,
        ..AccountMember::default()
    };
    let rights = AccountRights {
        account_id: account.uuid().as_bytes().to_vec(),
        members: vec![member],
        epoch: 1,
        ..AccountRights::default()
    };
    identity.know(account, rights);
    identity.token(Principal::Employee {
        account,
        user,
        session: SessionId::generate(),
        role: Role::Administrator,
        group: None,
        name: "Мария".to_owned(),
    })
}

fn as_struct(value: Value) -> Struct {
    let Value::Object(fields) = value else {
        panic!("settings are an object")
    };
    kit::json::to_struct(fields)
}

/// A call with a token.
pub fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().expect("ASCII");
    request.metadata_mut().insert("authorization", value);
    request
}
