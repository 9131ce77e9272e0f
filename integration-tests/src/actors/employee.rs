//! Somebody who works in imBox.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::inbox_service_client::InboxServiceClient;
use api::conversations::v1::list_messages_request::Position;
use api::conversations::v1::{
    CloseConversationRequest, Conversation, ConversationLife, GetConversationRequest,
    ListConversationsRequest, ListConversationsResponse, ListMessagesRequest, ListMessagesResponse,
    MarkNoAnswerNeededRequest, Message, SendMessageRequest, SendMessageResponse,
    StartConversationRequest, StartConversationResponse,
};
use api::identity::v1::session_service_client::SessionServiceClient;
use api::identity::v1::{LogInRequest, RefreshSessionRequest, TokenPair, User};
use tokio::sync::Mutex;
use tonic::transport::Channel;
use tonic::{Request, Status};
use types::Clock;
use uuid::Uuid;

use super::Watch;
use crate::calls::{self, with_token};

/// A token is refreshed when it has less than this to live.
const RENEW_BEFORE: Duration = Duration::from_secs(60);
/// The largest page.
const PAGE: i32 = 200;

/// An employee with a session.
#[derive(Debug)]
pub struct Employee {
    channel: Channel,
    user: User,
    tokens: Mutex<TokenPair>,
    /// How often somebody tried again because of a fault.
    retries: AtomicI64,
}

impl Employee {
    /// Logs in.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn log_in(url: String, email: &str, password: &str) -> Self {
        let channel = calls::channel(&url);
        let request = LogInRequest {
            email: email.into(),
            password: password.into(),
            device: "integration tests".into(),
        };
        let answer = SessionServiceClient::new(channel.clone())
            .log_in(with_token("", request))
            .await;
        let answer = answer
            .unwrap_or_else(|status| panic!("{email} cannot log in: {status:?}"))
            .into_inner();
        Self {
            channel,
            user: answer.user.expect("a user"),
            tokens: Mutex::new(answer.tokens.expect("tokens")),
            retries: AtomicI64::new(0),
        }
    }

    /// Who it is.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }

    /// The channel to the gateway.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// The tokens as they are.
    pub async fn tokens(&self) -> TokenPair {
        self.tokens.lock().await.clone()
    }

    /// An access token with some time to live.
    pub async fn token(&self) -> String {
        let mut tokens = self.tokens.lock().await;
        let expires = tokens
            .access_expire_time
            .as_ref()
            .and_then(kit::time::from_proto)
            .expect("a time");
        if expires - Clock::system().now() < RENEW_BEFORE {
            let request = RefreshSessionRequest {
                refresh_token: tokens.refresh_token.clone(),
            };
            let answer = SessionServiceClient::new(self.channel())
                .refresh_session(with_token("", request))
                .await;
            // During a fault the old one has to do a little longer.
            if let Ok(answer) = answer {
                *tokens = answer.into_inner().tokens.expect("tokens");
            }
        }
        tokens.access_token.clone()
    }

    /// A request in the employee's name.
    pub async fn ask<T>(&self, message: T) -> Request<T> {
        with_token(&self.token().await, message)
    }

    /// imBox.
    #[must_use]
    pub fn inbox(&self) -> InboxServiceClient<Channel> {
        InboxServiceClient::new(self.channel())
    }

    /// Conversations.
    #[must_use]
    pub fn conversations(&self) -> ConversationServiceClient<Channel> {
        ConversationServiceClient::new(self.channel())
    }

    /// One page of the list.
    ///
    /// # Errors
    /// The refusal.
    pub async fn list(
        &self,
        request: ListConversationsRequest,
    ) -> Result<ListConversationsResponse, Status> {
        Ok(self
            .inbox()
            .list_conversations(self.ask(request).await)
            .await?
            .into_inner())
    }

    /// All conversations with this life, the latest change first.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn all(&self, life: ConversationLife) -> Vec<Conversation> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListConversationsRequest {
                page_size: PAGE,
                page_token,
                life: life.into(),
                ..Default::default()
            };
            let page = self.list(request).await.expect("a page");
            all.extend(page.conversations);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    /// One conversation.
    ///
    /// # Errors
    /// The refusal.
    pub async fn get(&self, id: &str) -> Result<Conversation, Status> {
        let request = GetConversationRequest {
            conversation_id: id.into(),
        };
        let answer = self
            .conversations()
            .get_conversation(self.ask(request).await)
            .await?;
        Ok(answer.into_inner().conversation.expect("a conversation"))
    }

    /// A page of messages.
    ///
    /// # Errors
    /// The refusal.
    pub async fn page(
        &self,
        id: &str,
        size: i32,
        position: Option<Position>,
    ) -> Result<ListMessagesResponse, Status> {
        let request = ListMessagesRequest {
            conversation_id: id.into(),
            page_size: size,
            position,
        };
        Ok(self
            .conversations()
            .list_messages(self.ask(request).await)
            .await?
            .into_inner())
    }

    /// All messages of a conversation, oldest first.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn messages(&self, id: &str) -> Vec<Message> {
        let mut all = Vec::new();
        let mut position = Position::AfterSeq(0);
        loop {
            let page = self
                .page(id, PAGE, Some(position))
                .await
                .expect("a page of messages");
            all.extend(page.messages);
            if page.newer_page_token.is_empty() {
                return all;
            }
            position = Position::PageToken(page.newer_page_token);
        }
    }

    /// Writes to the client.
    ///
    /// # Errors
    /// The refusal.
    pub async fn send(&self, id: &str, text: &str) -> Result<SendMessageResponse, Status> {
        self.send_once(id, text, None).await
    }

    /// Writes to the client under a request id, so that it may be repeated.
    ///
    /// # Errors
    /// The refusal.
    pub async fn send_once(
        &self,
        id: &str,
        text: &str,
        request_id: Option<Uuid>,
    ) -> Result<SendMessageResponse, Status> {
        let request_id = request_id.map(|id| id.to_string()).unwrap_or_default();
        let request = SendMessageRequest {
            conversation_id: id.into(),
            text: text.into(),
            request_id,
            ..SendMessageRequest::default()
        };
        Ok(self
            .conversations()
            .send_message(self.ask(request).await)
            .await?
            .into_inner())
    }

    /// Writes first to the client of a chat.
    ///
    /// # Errors
    /// The refusal.
    pub async fn start(&self, chat: &str, text: &str) -> Result<StartConversationResponse, Status> {
        let request = StartConversationRequest {
            chat_id: chat.into(),
            text: text.into(),
            request_id: String::new(),
            ..StartConversationRequest::default()
        };
        Ok(self
            .conversations()
            .start_conversation(self.ask(request).await)
            .await?
            .into_inner())
    }

    /// «Закрыть».
    ///
    /// # Errors
    /// The refusal.
    pub async fn close(&self, id: &str) -> Result<Conversation, Status> {
        let request = CloseConversationRequest {
            conversation_id: id.into(),
            etag: String::new(),
        };
        let answer = self
            .conversations()
            .close_conversation(self.ask(request).await)
            .await?;
        Ok(answer.into_inner().conversation.expect("a conversation"))
    }

    /// «Не требует ответа».
    ///
    /// # Errors
    /// The refusal.
    pub async fn mark_no_answer_needed(&self, id: &str) -> Result<Conversation, Status> {
        let request = MarkNoAnswerNeededRequest {
            conversation_id: id.into(),
        };
        let answer = self
            .conversations()
            .mark_no_answer_needed(self.ask(request).await)
            .await?;
        Ok(answer.into_inner().conversation.expect("a conversation"))
    }

    /// What changes from now on: every change after this call comes.
    ///
    /// # Panics
    /// When the list cannot be read.
    pub async fn watch(&self) -> Watch<'_> {
        let page = self
            .insist(async || {
                self.list(ListConversationsRequest {
                    page_size: 1,
                    ..Default::default()
                })
                .await
            })
            .await;
        Watch::new(self, page.expect("a first page").cursor)
    }

    /// The conversations by their ids, open and closed.
    pub async fn everything(&self) -> HashMap<String, Conversation> {
        let open = self.all(ConversationLife::Open).await;
        let closed = self.all(ConversationLife::Closed).await;
        open.into_iter()
            .chain(closed)
            .map(|it| (it.id.clone(), it))
            .collect()
    }

    /// Makes a call until it gets an answer that a fault cannot explain.
    ///
    /// # Errors
    /// The refusal.
    pub async fn insist<T>(
        &self,
        mut call: impl AsyncFnMut() -> Result<T, Status>,
    ) -> Result<T, Status> {
        let (answer, tries) = insist(&mut call).await;
        self.retries.fetch_add(tries, Ordering::Relaxed);
        answer
    }

    /// How often calls were made again because of faults.
    #[must_use]
    pub fn retries(&self) -> i64 {
        self.retries.load(Ordering::Relaxed)
    }
}

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);
/// More tries than any fault lasts: a hang ends as a failure.
const TRIES: i64 = 6_000;

/// Makes a call until it gets an answer that a fault cannot explain; how often it was made again.
pub(super) async fn insist<T>(
    call: &mut impl AsyncFnMut() -> Result<T, Status>,
) -> (Result<T, Status>, i64) {
    for tries in 0..TRIES {
        match call().await {
            Err(status) if calls::is_passing(&status) => Clock::system().sleep(PAUSE).await,
            answer => return (answer, tries),
        }
    }
    (
        Err(Status::deadline_exceeded("the fault did not pass")),
        TRIES,
    )
}
