//! How updates come: asked for, or by webhook.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Bot;
use super::fault::Fault;
use crate::domain::update::KINDS;

const TIME: Duration = Duration::from_secs(30);

/// Calls of the webhook at once.
const CALLS: u32 = 40;

/// What Telegram says of the webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct WebhookState {
    /// Where it leads; empty without one.
    pub url: String,
    /// Updates that wait.
    pub pending_update_count: u64,
    /// When a call last failed, in seconds; 0 when none did.
    pub last_error_date: i64,
    /// Why.
    pub last_error_message: String,
}

impl Bot {
    /// Waits up to `wait` for updates; those before `offset` are confirmed by asking.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn updates(&self, offset: Option<i64>, wait: Duration) -> Result<Vec<Value>, Fault> {
        let body = json!({
            "offset": offset, "limit": 100, "timeout": wait.as_secs(), "allowed_updates": KINDS,
        });
        self.call("getUpdates", &body, wait + TIME).await
    }

    /// From now on updates are asked for; those that wait are kept.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn delete_webhook(&self) -> Result<(), Fault> {
        let body = json!({"drop_pending_updates": false});
        self.call::<bool>("deleteWebhook", &body, TIME).await?;
        Ok(())
    }

    /// From now on updates are brought to `url`, with `secret` in a header.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn set_webhook(&self, url: &str, secret: &SecretString) -> Result<(), Fault> {
        let body = json!({
            "url": url, "secret_token": secret.expose_secret(), "max_connections": CALLS, "allowed_updates": KINDS,
        });
        self.call::<bool>("setWebhook", &body, TIME).await?;
        Ok(())
    }

    /// How the webhook is.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn webhook(&self) -> Result<WebhookState, Fault> {
        self.call("getWebhookInfo", &json!({}), TIME).await
    }
}
