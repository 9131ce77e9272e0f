//! Calls of a bot.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use super::fault::{Answer, Fault};

/// Messages a second over all chats, as Telegram advises.
const MESSAGES_A_SECOND: NonZeroU32 = NonZeroU32::new(30).expect("not zero");

/// How long a call may take that brings nothing large.
const TIME: Duration = Duration::from_secs(30);

/// A bot. Its calls share connections.
pub struct Bot {
    http: Client,
    api: Url,
    token: SecretString,
    messages: DefaultDirectRateLimiter,
    /// Telegram wants nothing before then.
    paused: Mutex<Option<Instant>>,
}

impl std::fmt::Debug for Bot {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bot(…)")
    }
}

/// Who the bot is.
#[derive(Debug, Clone, Deserialize)]
pub struct Me {
    /// Its id.
    pub id: i64,
    /// Its name without the @.
    #[serde(default)]
    pub username: String,
}

/// A message that was sent.
#[derive(Debug, Clone, Deserialize)]
pub struct SentMessage {
    /// Its id within the chat.
    pub message_id: i64,
}

impl Bot {
    /// The bot of a token.
    #[must_use]
    pub fn new(http: Client, api: Url, token: SecretString) -> Self {
        Self {
            http,
            api,
            token,
            messages: RateLimiter::direct(Quota::per_second(MESSAGES_A_SECOND)),
            paused: Mutex::new(None),
        }
    }

    /// The token, for what is derived from it.
    #[must_use]
    pub fn token(&self) -> &SecretString {
        &self.token
    }

    /// Who it is.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn me(&self) -> Result<Me, Fault> {
        self.call("getMe", &serde_json::json!({}), TIME).await
    }

    /// Sends a text.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn send_text(&self, chat: &str, text: &str) -> Result<SentMessage, Fault> {
        self.wait_for_turn().await;
        let body = serde_json::json!({"chat_id": chat, "text": text});
        self.call("sendMessage", &body, TIME).await
    }

    /// Waits until another message may be sent.
    pub(super) async fn wait_for_turn(&self) {
        self.messages.until_ready().await;
    }

    /// How much longer Telegram wants nothing.
    #[must_use]
    pub fn pause(&self) -> Option<Duration> {
        let until = *self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        until?.checked_duration_since(Instant::now())
    }

    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        body: &impl Serialize,
        time: Duration,
    ) -> Result<T, Fault> {
        self.ask(self.http.post(self.address(method)).json(body), time)
            .await
    }

    /// Makes a call. An answer that Telegram gives as such says whether it was done; what a proxy says in its place does not.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        time: Duration,
    ) -> Result<T, Fault> {
        let response = request.timeout(time).send().await?;
        let status = response.status();
        let body = response.bytes().await?;
        // Half a sign in one update must not hold up all others.
        let answer: Result<Answer<T>, _> = serde_json::from_slice(&body)
            .or_else(|_| serde_json::from_slice(&connector::repaired(&body)));
        let answered = match answer {
            Ok(answer) => answer.result(),
            Err(_) if status == StatusCode::NOT_FOUND => Err(Fault::Refused {
                code: status.as_u16(),
                description: "Not Found".to_owned(),
                retry_after: None,
                migrate_to: None,
            }),
            Err(_) => Err(Fault::Lost(format!("an answer without sense ({status})"))),
        };
        if let Some(pause) = answered.as_ref().err().and_then(Fault::pause) {
            let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
            *paused = Some(Instant::now() + pause);
        }
        answered
    }

    pub(super) fn post(&self, method: &str) -> RequestBuilder {
        self.http.post(self.address(method))
    }

    pub(super) fn get_file(&self, path: &str) -> RequestBuilder {
        let token = self.token.expose_secret();
        self.http
            .get(self.below(&format!("file/bot{token}/{path}")))
    }

    fn address(&self, method: &str) -> String {
        self.below(&format!("bot{}/{method}", self.token.expose_secret()))
    }

    fn below(&self, path: &str) -> String {
        format!("{}/{path}", self.api.as_str().trim_end_matches('/'))
    }
}
