//! The administrator of an account.

use std::ops::Deref;

use api::conversations::v1::connection_service_client::ConnectionServiceClient;
use api::conversations::v1::{Connection, ConversationMode, CreateConnectionRequest};
use api::identity::v1::api_key_service_client::ApiKeyServiceClient;
use api::identity::v1::crm_widget_service_client::CrmWidgetServiceClient;
use api::identity::v1::session_service_client::SessionServiceClient;
use api::identity::v1::user_service_client::UserServiceClient;
use api::identity::v1::{
    ApiKey, CreateApiKeyRequest, CreateApiKeyResponse, CreateUserRequest, InstallCrmWidgetRequest,
    Role, User,
};
use api::onlinechat::v1::online_chat_service_client::OnlineChatServiceClient;
use api::onlinechat::v1::{CreateOnlineChatRequest, OnlineChat, OnlineChatMode};
use tonic::transport::Channel;

use super::{CONNECTOR, Connector, Employee};

/// An employee who may change the account.
#[derive(Debug)]
pub struct Admin {
    employee: Employee,
    url: String,
}

impl Deref for Admin {
    type Target = Employee;

    fn deref(&self) -> &Employee {
        &self.employee
    }
}

impl Admin {
    /// Logs in.
    pub async fn log_in(url: String, email: &str, password: &str) -> Self {
        Self {
            employee: Employee::log_in(url.clone(), email, password).await,
            url,
        }
    }

    /// Sessions.
    #[must_use]
    pub fn sessions(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(self.channel())
    }

    /// API keys.
    #[must_use]
    pub fn api_keys(&self) -> ApiKeyServiceClient<Channel> {
        ApiKeyServiceClient::new(self.channel())
    }

    /// Connections.
    #[must_use]
    pub fn connections(&self) -> ConnectionServiceClient<Channel> {
        ConnectionServiceClient::new(self.channel())
    }

    /// Online chats.
    #[must_use]
    pub fn online_chats(&self) -> OnlineChatServiceClient<Channel> {
        OnlineChatServiceClient::new(self.channel())
    }

    /// A new API key and its secret.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn api_key(&self, scopes: &[&str]) -> CreateApiKeyResponse {
        let scopes = scopes.iter().map(|it| (*it).to_owned()).collect();
        let api_key = Some(ApiKey {
            name: "integration tests".into(),
            scopes,
            ..Default::default()
        });
        let answer = self
            .api_keys()
            .create_api_key(self.ask(CreateApiKeyRequest { api_key }).await)
            .await;
        answer.expect("a key").into_inner()
    }

    /// Installs the widget in the company's CRM, anew where it was: the secret for the CRM's backend.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn crm_widget(&self) -> String {
        let request = self.ask(InstallCrmWidgetRequest {}).await;
        let answer = CrmWidgetServiceClient::new(self.channel())
            .install_crm_widget(request)
            .await;
        answer.expect("installed").into_inner().secret
    }

    /// A new colleague, logged in.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn colleague(&self, email: &str, role: Role) -> Employee {
        let password = format!("{email}: correct horse battery");
        let user = User {
            email: email.into(),
            name: "Борис".into(),
            role: role.into(),
            active: true,
            ..Default::default()
        };
        let request = CreateUserRequest {
            user: Some(user),
            password: password.clone(),
            request_id: String::new(),
        };
        let made = UserServiceClient::new(self.channel())
            .create_user(self.ask(request).await)
            .await;
        made.expect("a colleague");
        Employee::log_in(self.url.clone(), email, &password).await
    }

    /// A connector of a channel of the test's own, with one connection of this mode.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn connector(&self, mode: ConversationMode) -> Connector {
        let key = self.api_key(&[&format!("connector:{CONNECTOR}")]).await;
        let mut connector = Connector::new(&self.url, key.secret);
        connector.register().await.expect("registered");
        connector.connection = self.connection(mode, "test-1").await.id;
        connector
    }

    /// A new connection of that channel.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn connection(&self, mode: ConversationMode, external_id: &str) -> Connection {
        let connection = Connection {
            connector_key: CONNECTOR.into(),
            title: "Test channel".into(),
            conversation_mode: mode.into(),
            enabled: true,
            external_id: external_id.into(),
            ..Default::default()
        };
        let request = CreateConnectionRequest {
            connection: Some(connection),
            request_id: String::new(),
        };
        let answer = self
            .connections()
            .create_connection(self.ask(request).await)
            .await;
        answer
            .expect("a connection")
            .into_inner()
            .connection
            .expect("a connection")
    }

    /// A new online chat that may be shown on the gateway's own pages.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn online_chat(&self, mode: OnlineChatMode) -> OnlineChat {
        let online_chat = OnlineChat {
            title: "Поддержка".into(),
            mode: mode.into(),
            site_url: self.url.clone(),
            show_sender_name: true,
            enabled: true,
            ..Default::default()
        };
        let request = CreateOnlineChatRequest {
            online_chat: Some(online_chat),
            request_id: String::new(),
        };
        let answer = self
            .online_chats()
            .create_online_chat(self.ask(request).await)
            .await;
        answer
            .expect("an online chat")
            .into_inner()
            .online_chat
            .expect("an online chat")
    }
}
