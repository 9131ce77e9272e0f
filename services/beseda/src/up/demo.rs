//! The demo account: made once, through the same calls that any client makes.
//!
//! Its passwords are fixed and known to everybody. Only `beseda up` makes it.

mod cabinet;
mod cards;
mod rights;
mod rules;

use std::time::Duration;

use anyhow::{Context, bail};
use api::identity::v1::api_key_service_client::ApiKeyServiceClient;
use api::identity::v1::session_service_client::SessionServiceClient;
use api::identity::v1::user_service_client::UserServiceClient;
use api::identity::v1::{
    ApiKey, CreateApiKeyRequest, CreateUserRequest, ListApiKeysRequest, LogInRequest,
    LogOutRequest, Role, User,
};
use api::onlinechat::v1::online_chat_service_client::OnlineChatServiceClient;
use api::onlinechat::v1::{
    CreateOnlineChatRequest, GetOnlineChatRequest, ListOnlineChatsRequest, OnlineChat,
    OnlineChatMode,
};
use identity::admin::{NewAccount, Plan, Subscription, create_account};
use pg::Db;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use types::Clock;

use super::place::Place;

/// Log-in of the administrator.
pub const ADMIN: (&str, &str) = ("admin@demo.example", "beseda-demo-admin");
/// Log-in of the manager.
pub const MANAGER: (&str, &str) = ("manager@demo.example", "beseda-demo-manager");

const CHAT_TITLE: &str = "Демо-страница";
const KEY_NAME: &str = "Демо-программа";
const SCOPES: [&str; 4] = ["inbox.read", "inbox.write", "crm.read", "crm.write"];
const FILE: &str = "demo.json";

/// A client who can log in to the cabinet.
pub const CLIENT: &str = cards::CLIENTS[0].1;

/// Connectors register themselves within a second of their start.
const PATIENCE: u32 = 100;
const STEP: Duration = Duration::from_millis(200);

/// What of the demo account cannot be found out again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demo {
    /// The online chat of the demo page.
    pub online_chat_id: String,
    /// The cabinet of the account's clients; empty while there is none.
    #[serde(default)]
    pub cabinet_id: String,
    api_key_id: String,
    /// The secret of a program's API key.
    pub api_key: String,
}

/// The services that are called.
pub struct Services {
    /// identity.
    pub identity: Channel,
    /// crm.
    pub crm: Channel,
    /// connector-onlinechat.
    pub onlinechat: Channel,
    /// sync.
    pub sync: Channel,
    /// cabinet.
    pub cabinet: Channel,
}

impl Services {
    /// Makes what is missing of the demo account. `None` when somebody has changed its password, and nothing is known of it.
    pub async fn seed(&self, db: &Db, place: &Place) -> anyhow::Result<Option<Demo>> {
        make_account(db).await?;
        let known: Demo = place.recall(FILE).unwrap_or_default();
        let Some(token) = self.log_in().await? else {
            return Ok(Some(known).filter(|known| !known.online_chat_id.is_empty()));
        };
        let manager = self.make_manager(&token).await;
        let pipeline = cards::seed(&self.crm, &token)
            .await
            .context("the demo cards")?;
        if let Some(manager) = manager.context("the demo manager")? {
            rights::seed(&self.identity, &token, manager, &pipeline)
                .await
                .context("the demo manager's rights")?;
        }
        rules::seed(&self.sync, &token, &pipeline)
            .await
            .context("the demo integration")?;
        let online_chat_id = self.online_chat(&token, &known).await;
        let cabinet_id = cabinet::seed(&self.cabinet, &token, &pipeline)
            .await
            .context("the demo cabinet")?;
        let (api_key_id, api_key) = self.api_key(&token, &known).await.context("the API key")?;
        let demo = Demo {
            online_chat_id: online_chat_id.context("the online chat of the demo page")?,
            cabinet_id,
            api_key_id,
            api_key,
        };
        if demo != known {
            place.remember(FILE, &demo)?;
        }
        let mut sessions = SessionServiceClient::new(self.identity.clone());
        sessions
            .log_out(with(&token, LogOutRequest {}))
            .await
            .map_err(said)?;
        Ok(Some(demo))
    }

    async fn log_in(&self) -> anyhow::Result<Option<String>> {
        let request = LogInRequest {
            email: ADMIN.0.to_owned(),
            password: ADMIN.1.to_owned(),
            device: "beseda up".to_owned(),
        };
        let mut sessions = SessionServiceClient::new(self.identity.clone());
        match sessions.log_in(request).await {
            Ok(reply) => Ok(reply.into_inner().tokens.map(|tokens| tokens.access_token)),
            Err(status) if status.code() == Code::Unauthenticated => Ok(None),
            Err(status) => Err(said(status)).context("the demo administrator cannot log in"),
        }
    }

    /// The manager's id, when there was none before.
    async fn make_manager(&self, token: &str) -> anyhow::Result<Option<String>> {
        let user = User {
            email: MANAGER.0.to_owned(),
            name: "Менеджер".to_owned(),
            role: Role::Manager.into(),
            active: true,
            ..User::default()
        };
        let request = CreateUserRequest {
            user: Some(user),
            password: MANAGER.1.to_owned(),
            request_id: String::new(),
        };
        let mut users = UserServiceClient::new(self.identity.clone());
        match users.create_user(with(token, request)).await {
            Ok(reply) => Ok(reply.into_inner().user.map(|user| user.id)),
            Err(status) if status.code() == Code::AlreadyExists => Ok(None),
            Err(status) => Err(said(status)),
        }
    }

    async fn online_chat(&self, token: &str, known: &Demo) -> anyhow::Result<String> {
        let mut chats = OnlineChatServiceClient::new(self.onlinechat.clone());
        let request = GetOnlineChatRequest {
            online_chat_id: known.online_chat_id.clone(),
        };
        if chats.get_online_chat(with(token, request)).await.is_ok() {
            return Ok(known.online_chat_id.clone());
        }
        let request = ListOnlineChatsRequest {
            page_size: 200,
            ..ListOnlineChatsRequest::default()
        };
        let listed = chats
            .list_online_chats(with(token, request))
            .await
            .map_err(said)?;
        let listed = listed.into_inner().online_chats;
        match listed.into_iter().find(|chat| chat.title == CHAT_TITLE) {
            Some(chat) => Ok(chat.id),
            None => create_online_chat(&mut chats, token).await,
        }
    }

    /// Id and secret. A secret that was lost cannot be read again, so there is a new key then.
    async fn api_key(&self, token: &str, known: &Demo) -> anyhow::Result<(String, String)> {
        let mut keys = ApiKeyServiceClient::new(self.identity.clone());
        let request = ListApiKeysRequest {
            page_size: 200,
            ..ListApiKeysRequest::default()
        };
        let listed = keys
            .list_api_keys(with(token, request))
            .await
            .map_err(said)?;
        if listed
            .into_inner()
            .api_keys
            .iter()
            .any(|key| key.id == known.api_key_id)
        {
            return Ok((known.api_key_id.clone(), known.api_key.clone()));
        }
        let key = ApiKey {
            name: KEY_NAME.to_owned(),
            scopes: SCOPES.map(str::to_owned).to_vec(),
            ..ApiKey::default()
        };
        let request = CreateApiKeyRequest { api_key: Some(key) };
        let made = keys
            .create_api_key(with(token, request))
            .await
            .map_err(said)?;
        let made = made.into_inner();
        Ok((made.api_key.unwrap_or_default().id, made.secret))
    }
}

async fn make_account(db: &Db) -> anyhow::Result<()> {
    let new = NewAccount {
        title: "Демо".to_owned(),
        language: "ru".to_owned(),
        plan: Plan::Professional,
        subscription: Subscription::Active,
        imbox: true,
        email: ADMIN.0.to_owned(),
        name: "Администратор".to_owned(),
        password: SecretString::from(ADMIN.1),
    };
    let made = create_account(db, &Clock::system(), new).await;
    made.map_err(|refusal| said(refusal.into()))
        .context("the demo account cannot be made")?;
    Ok(())
}

async fn create_online_chat(
    chats: &mut OnlineChatServiceClient<Channel>,
    token: &str,
) -> anyhow::Result<String> {
    let chat = OnlineChat {
        title: CHAT_TITLE.to_owned(),
        mode: OnlineChatMode::OneActive.into(),
        // Bound to no site: the demo page is opened as 127.0.0.1, as localhost, or by the name of the machine.
        embedded_in_app: true,
        show_sender_name: true,
        enabled: true,
        ..OnlineChat::default()
    };
    let request = CreateOnlineChatRequest {
        online_chat: Some(chat),
        request_id: types::new_uuid().to_string(),
    };
    for _ in 0..PATIENCE {
        match chats.create_online_chat(with(token, request.clone())).await {
            Ok(reply) => return Ok(reply.into_inner().online_chat.unwrap_or_default().id),
            Err(status) if matches!(status.code(), Code::Unavailable | Code::NotFound) => {
                Clock::system().sleep(STEP).await;
            }
            Err(status) => return Err(said(status)),
        }
    }
    bail!("the online chat's connector did not register itself; the log above may say why")
}

fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if let Ok(bearer) = format!("Bearer {token}").parse() {
        request.metadata_mut().insert("authorization", bearer);
    }
    request
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "`map_err` hands it over like this"
)]
fn said(status: Status) -> anyhow::Error {
    anyhow::Error::msg(status.message().to_owned())
}
