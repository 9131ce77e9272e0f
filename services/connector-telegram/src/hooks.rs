//! Telegram's calls, which the gateway passes on. Each carries one update.

use std::collections::HashMap;
use std::time::Duration;

use api::connector::internal::v1::hook_service_server::HookService;
use api::connector::internal::v1::{ReceiveRequest, ReceiveResponse};
use auth::Caller;
use connector::{Lines, Open, repaired};
use secrecy::ExposeSecret;
use serde_json::Value;
use subtle::ConstantTimeEq;
use tonic::{Request, Response, Status};

use crate::channel::{Line, receive};

/// In which Telegram says the secret that the webhook was set with.
const SECRET: &str = "x-telegram-bot-api-secret-token";

/// Telegram calls again when it gets no answer for long; so we give one.
const TIME: Duration = Duration::from_secs(20);

/// Takes calls in.
#[derive(Debug)]
pub struct Hooks {
    /// The bots.
    pub lines: Lines<Line>,
}

#[tonic::async_trait]
impl HookService for Hooks {
    async fn receive(
        &self,
        request: Request<ReceiveRequest>,
    ) -> Result<Response<ReceiveResponse>, Status> {
        Caller::of(&request)?.require_service()?;
        let (status, body) = self.take(request.into_inner()).await;
        Ok(Response::new(ReceiveResponse {
            status,
            body: body.to_owned(),
        }))
    }
}

impl Hooks {
    async fn take(&self, call: ReceiveRequest) -> (i32, &'static str) {
        if call.method != "POST" {
            return (405, "Telegram calls by POST.\n");
        }
        // It may be known to another replica only, or in a moment: Telegram calls again.
        let Some(open) = self.lines.get(&call.path) else {
            return (404, "There is no such bot, or it does not work.\n");
        };
        if !is_telegram(&open.line, &call.headers) {
            return (401, "The secret is wrong.\n");
        }
        // What cannot be read never will be: taken, so that it does not hold up what comes after it.
        let update = serde_json::from_slice::<Value>(&call.body)
            .or_else(|_| serde_json::from_slice(&repaired(&call.body)));
        let Ok(update) = update else {
            tracing::warn!(
                connection = call.path,
                "Telegram brought something that is no JSON"
            );
            return (200, "");
        };
        match tokio::time::timeout(TIME, store(&open, &update)).await {
            Ok(true) => (200, ""),
            // What is on its way goes on: when Telegram calls again it is known.
            Ok(false) | Err(_) => (503, "It is not stored yet.\n"),
        }
    }
}

async fn store(open: &Open<Line>, update: &Value) -> bool {
    let stored = receive(&open.line, &open.inbound, update).await;
    stored
        .inspect_err(|error| tracing::warn!(%error, "what Telegram brought is not stored"))
        .is_ok()
}

fn is_telegram(line: &Line, headers: &HashMap<String, String>) -> bool {
    let said = headers
        .get(SECRET)
        .map(String::as_bytes)
        .unwrap_or_default();
    bool::from(said.ct_eq(line.secret.expose_secret().as_bytes()))
}
