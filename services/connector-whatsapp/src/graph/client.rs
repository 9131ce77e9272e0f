//! Calls of a number.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::fault::{ErrorAnswer, Fault};

/// Messages a second of a number, as WhatsApp allows them.
const MESSAGES_A_SECOND: NonZeroU32 = NonZeroU32::new(80).expect("not zero");

/// How long a call may take that brings nothing large.
const TIME: Duration = Duration::from_secs(30);

/// How long the question whether somebody is registered may take: an employee waits.
const CHECK_TIME: Duration = Duration::from_secs(6);

/// A number. Its calls share connections.
pub struct Graph {
    pub(super) http: Client,
    pub(super) api: Url,
    pub(super) token: SecretString,
    /// WhatsApp's id of the number.
    pub number: String,
    /// WhatsApp's id of its business account.
    pub account: String,
    messages: DefaultDirectRateLimiter,
}

impl std::fmt::Debug for Graph {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Graph").field(&self.number).finish()
    }
}

/// Is somebody registered?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Yes, under this id of the chat.
    Registered(String),
    /// No.
    Nobody,
}

#[derive(Deserialize)]
struct Number {
    #[serde(default)]
    display_phone_number: String,
}

#[derive(Deserialize)]
struct Sent {
    messages: Vec<SentMessage>,
    #[serde(default)]
    contacts: Vec<SentTo>,
}

#[derive(Deserialize)]
struct SentTo {
    #[serde(default)]
    wa_id: String,
}

/// A message that WhatsApp took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its id.
    pub id: String,
    /// The digits under which WhatsApp knows the client, which may differ from those that were given; empty when it does not say.
    pub client: String,
}

#[derive(Deserialize)]
struct SentMessage {
    id: String,
}

#[derive(Deserialize)]
struct Checked {
    contacts: Vec<CheckedContact>,
}

#[derive(Deserialize)]
struct CheckedContact {
    status: String,
    #[serde(default)]
    wa_id: String,
}

impl Graph {
    /// The number of this id, in this business account.
    #[must_use]
    pub fn new(
        http: Client,
        api: Url,
        token: SecretString,
        (number, account): (String, String),
    ) -> Self {
        Self {
            http,
            api,
            token,
            number,
            account,
            messages: RateLimiter::direct(Quota::per_second(MESSAGES_A_SECOND)),
        }
    }

    /// The number as people write it: the token is good.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn look(&self) -> Result<String, Fault> {
        let path = format!("{}?fields=display_phone_number", self.number);
        let number: Number = self.ask(self.get(&path), TIME).await?;
        Ok(number.display_phone_number)
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn send(&self, message: &Value) -> Result<Taken, Fault> {
        self.messages.until_ready().await;
        let request = self.post(&format!("{}/messages", self.number));
        let sent: Sent = self.ask(request.json(message), TIME).await?;
        let client = sent.contacts.into_iter().next();
        let client = client.map(|it| it.wa_id).unwrap_or_default();
        let first = sent.messages.into_iter().next();
        first
            .map(|message| Taken {
                id: message.id,
                client,
            })
            .ok_or_else(|| Fault::Lost("an answer without a message".to_owned()))
    }

    /// Is somebody registered under these digits?
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn check(&self, digits: &str) -> Result<Known, Fault> {
        let body = json!({"messaging_product": "whatsapp", "blocking": "wait", "contacts": [format!("+{digits}")]});
        let request = self.post(&format!("{}/contacts", self.number));
        let checked: Checked = self.ask(request.json(&body), CHECK_TIME).await?;
        let contact = checked.contacts.into_iter().next();
        match contact {
            Some(contact) if contact.status == "valid" && !contact.wa_id.is_empty() => {
                Ok(Known::Registered(contact.wa_id))
            }
            Some(contact) if contact.status == "invalid" => Ok(Known::Nobody),
            _ => Err(Fault::Lost("an answer without sense".to_owned())),
        }
    }

    /// Makes a call. An answer that WhatsApp gives as such says whether it was done; what a proxy says in its place does not.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        time: Duration,
    ) -> Result<T, Fault> {
        let response = request.timeout(time).send().await?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let body = response.bytes().await?;
        if status.is_success() {
            let answer = serde_json::from_slice(&body);
            return answer.map_err(|_| Fault::Lost("an answer without sense".to_owned()));
        }
        match serde_json::from_slice::<ErrorAnswer>(&body) {
            Ok(answer) => Err(answer.fault(status.as_u16(), retry_after)),
            Err(_) => Err(Fault::Lost(format!("an answer without sense ({status})"))),
        }
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.http
            .get(self.below(path))
            .bearer_auth(self.token.expose_secret())
    }

    pub(super) fn post(&self, path: &str) -> RequestBuilder {
        self.http
            .post(self.below(path))
            .bearer_auth(self.token.expose_secret())
    }

    fn below(&self, path: &str) -> String {
        format!("{}/{path}", self.api.as_str().trim_end_matches('/'))
    }
}

/// When to come again, where the answer says it in seconds.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?;
    let seconds: u64 = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(86_400)))
}
