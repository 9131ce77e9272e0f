//! WhatsApp's calls, which the gateway passes on. One call can tell of several numbers, of which each may be a connection of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::connector::internal::v1::hook_service_server::HookService;
use api::connector::internal::v1::{ReceiveRequest, ReceiveResponse};
use auth::Caller;
use connector::{Lines, Open, repaired};
use futures::future::join_all;
use secrecy::ExposeSecret;
use serde_json::Value;
use tonic::{Request, Response, Status};

use crate::channel::{Line, number_of, receive};
use crate::domain::payload::{News, What, read};
use crate::domain::signature::{is_same, is_signed};

/// In which WhatsApp gives the signature of the body.
const SIGNATURE: &str = "x-hub-signature-256";

/// WhatsApp calls again when it gets no answer for long; so we give one.
const TIME: Duration = Duration::from_secs(20);

/// Takes calls in.
#[derive(Debug)]
pub struct Hooks {
    /// The numbers.
    pub lines: Lines<Line>,
}

/// A number that works, and what was told of it.
type Work = (Arc<Open<Line>>, Vec<What>);

/// Numbers that work, by WhatsApp's ids of them.
type Numbers = BTreeMap<String, Arc<Open<Line>>>;

/// What to answer: a status, and a text.
type Answer = (i32, String);

#[tonic::async_trait]
impl HookService for Hooks {
    async fn receive(
        &self,
        request: Request<ReceiveRequest>,
    ) -> Result<Response<ReceiveResponse>, Status> {
        Caller::of(&request)?.require_service()?;
        let (status, body) = self.take(request.into_inner()).await;
        Ok(Response::new(ReceiveResponse { status, body }))
    }
}

impl Hooks {
    async fn take(&self, call: ReceiveRequest) -> Answer {
        // It may be known to another replica only, or in a moment: WhatsApp calls again.
        let Some(open) = self.lines.get(&call.path) else {
            return said(404, "There is no such number, or it does not work.\n");
        };
        match &call.method[..] {
            "GET" => verified(&open.line, &call.query),
            "POST" => self.store(&open, &call).await,
            _ => said(405, "WhatsApp calls by GET and POST.\n"),
        }
    }

    async fn store(&self, open: &Arc<Open<Line>>, call: &ReceiveRequest) -> Answer {
        let signature = call.headers.get(SIGNATURE).map(String::as_str);
        let signature = signature.unwrap_or_default();
        if !is_signed(&open.line.app_secret, signature, &call.body) {
            return said(401, "The signature is wrong.\n");
        }
        // What cannot be read never will be: taken, so that it does not come for a week.
        let body = serde_json::from_slice::<Value>(&call.body)
            .or_else(|_| serde_json::from_slice(&repaired(&call.body)));
        let Ok(body) = body else {
            tracing::warn!(
                connection = call.path,
                "WhatsApp brought something that is no JSON"
            );
            return said(200, "");
        };
        let Some(work) = self.sorted(open, &body) else {
            return said(503, "One of the numbers does not work now.\n");
        };
        // Numbers side by side: none waits for what is not stored of another.
        let stored = work
            .into_iter()
            .map(|(open, news)| async move { receive(&open, news).await });
        let stored = tokio::time::timeout(TIME, join_all(stored)).await;
        let stored = stored.map(|it| it.into_iter().collect::<Result<(), _>>());
        match stored {
            Ok(Ok(())) => said(200, ""),
            Ok(Err(error)) => {
                tracing::warn!(%error, "what WhatsApp brought is not stored");
                said(503, "It is not stored yet.\n")
            }
            // What is on its way goes on: when WhatsApp calls again it is known.
            Err(_) => said(503, "It is not stored yet.\n"),
        }
    }

    /// What is told, by connection; nothing when one of them is switched on and does not work, so that the call has to come again. A
    /// connection of another app does not hear what this one signed.
    fn sorted(&self, called: &Arc<Open<Line>>, body: &Value) -> Option<Vec<Work>> {
        let news = read(body);
        let is_own = |it: &News| it.number == called.line.graph.number;
        if news.iter().all(is_own) {
            let told = news.into_iter().map(|it| it.what).collect();
            return Some(vec![(Arc::clone(called), told)]);
        }
        let (known, closed) = self.of_app(called);
        let mut sorted: BTreeMap<String, Work> = BTreeMap::new();
        for News { number, what } in news {
            if let What::Changed { account } = &what {
                let of_account = known.values();
                of_account
                    .filter(|it| it.line.graph.account == *account)
                    .for_each(|open| open.line.changed());
            } else if let Some(open) = known.get(&number) {
                let entry = sorted.entry(number);
                let (_, told) = entry.or_insert_with(|| (Arc::clone(open), Vec::new()));
                told.push(what);
            } else if closed.contains(&number) {
                return None;
            } else {
                tracing::warn!(number, "WhatsApp told of a number that is no connection");
            }
        }
        Some(sorted.into_values().collect())
    }

    /// The numbers that work of the app that called, and those of whichever app that are switched on and do not work.
    fn of_app(&self, called: &Arc<Open<Line>>) -> (Numbers, Vec<String>) {
        let (mut known, mut closed) = (Numbers::new(), Vec::new());
        for (connection, open) in self.lines.all() {
            let Some(open) = open else {
                closed.extend(number_of(&connection));
                continue;
            };
            let secret = open.line.app_secret.expose_secret();
            if is_same(&called.line.app_secret, secret) {
                known.insert(open.line.graph.number.clone(), open);
            }
        }
        // Where two connections have one number, the one that was called hears of it.
        known.insert(called.line.graph.number.clone(), Arc::clone(called));
        (known, closed)
    }
}

/// WhatsApp asks whether the address is ours before it calls.
fn verified(line: &Line, query: &str) -> Answer {
    let value = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let is_ours = is_same(&line.verify_token, &value("hub.verify_token"));
    match is_ours && value("hub.mode") == "subscribe" {
        true => (200, value("hub.challenge")),
        false => said(403, "The verify token is wrong.\n"),
    }
}

fn said(status: i32, text: &str) -> Answer {
    (status, text.to_owned())
}
