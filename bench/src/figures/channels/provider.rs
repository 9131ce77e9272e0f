//! WhatsApp as far as the connector asks for it: it takes whatever it is sent, at once. And the least that takes a webhook.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use data_encoding::HEXLOWER;
use hdrhistogram::Histogram;
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use types::Clock;

use crate::load::{self, histogram, micros};

/// The number, its business account, and what its app signs with.
pub const NUMBER: &str = "106540352242922";
pub const ACCOUNT: &str = "102290129340398";
pub const SECRET: &str = "app-secret";

/// In which WhatsApp gives the signature of the body.
pub const SIGNATURE: &str = "x-hub-signature-256";

/// How long what was begun takes, by its text.
pub struct Stopwatch(Mutex<Laps>);

struct Laps {
    begun: HashMap<String, Instant>,
    latency: Histogram<u64>,
}

impl Stopwatch {
    /// Nothing begun.
    pub fn new() -> Result<Arc<Self>> {
        let laps = Laps {
            begun: HashMap::new(),
            latency: histogram()?,
        };
        Ok(Arc::new(Self(Mutex::new(laps))))
    }

    fn with<T>(&self, action: impl FnOnce(&mut Laps) -> T) -> T {
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// It begins now.
    pub fn begin(&self, text: &str) {
        self.with(|laps| laps.begun.insert(text.to_owned(), Instant::now()));
    }

    /// It is there; what was not begun is passed over.
    pub fn end(&self, text: &str) {
        let now = Instant::now();
        self.with(|laps| {
            if let Some(begun) = laps.begun.remove(text) {
                let _ = laps.latency.record(micros(now - begun));
            }
        });
    }

    /// Median and 99th percentile in milliseconds, once everything is there.
    pub async fn percentiles(&self) -> Result<(f64, f64)> {
        let begin = Instant::now();
        while self.with(|laps| !laps.begun.is_empty()) {
            ensure!(
                begin.elapsed() < Duration::from_secs(30),
                "messages are missing"
            );
            Clock::system().sleep(Duration::from_millis(20)).await;
        }
        let at = |quantile| self.with(|laps| laps.latency.value_at_quantile(quantile) as f64);
        Ok((at(0.5) / 1_000.0, at(0.99) / 1_000.0))
    }
}

/// As WhatsApp signs.
pub fn sign(body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    format!(
        "sha256={}",
        HEXLOWER.encode(hmac::sign(&key, body).as_ref())
    )
}

/// A call that tells of one text.
pub fn told(from: &str, id: &str, text: &str) -> Vec<u8> {
    let message = json!({"from": from, "id": id, "timestamp": "1800000000", "type": "text", "text": {"body": text}});
    let value = json!({"messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": NUMBER},
        "contacts": [{"wa_id": from, "profile": {"name": "Client"}}], "messages": [message]});
    let entry = json!({"id": ACCOUNT, "changes": [{"field": "messages", "value": value}]});
    let call = json!({"object": "whatsapp_business_account", "entry": [entry]});
    call.to_string().into_bytes()
}

/// Starts WhatsApp; the address of its API. What arrives there ends its lap.
pub async fn start(arrived: Arc<Stopwatch>) -> Result<String> {
    let router = Router::new()
        .route("/v26.0/{id}", get(node))
        .route("/v26.0/{id}/messages", post(send))
        .route("/v26.0/{id}/message_templates", get(templates))
        .with_state(arrived);
    Ok(format!("{}/v26.0", serve(router).await?))
}

/// Starts a handler that checks the signature of a call and does nothing else; its address.
pub async fn bare() -> Result<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let router = Router::new().route("/", post(check)).with_state(key);
    serve(router).await
}

async fn serve(router: Router) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    load::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

async fn check(State(key): State<hmac::Key>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let given = headers.get(SIGNATURE).and_then(|it| it.to_str().ok());
    let given = given.and_then(|it| it.strip_prefix("sha256="));
    let given = given.and_then(|it| HEXLOWER.decode(it.as_bytes()).ok());
    match given.is_some_and(|it| hmac::verify(&key, &body, &it).is_ok()) {
        true => StatusCode::OK,
        false => StatusCode::UNAUTHORIZED,
    }
}

async fn node(Path(id): Path<String>) -> Json<Value> {
    Json(json!({"id": id, "display_phone_number": "+1 555 078 3881", "primary_funding_id": "1"}))
}

async fn send(State(arrived): State<Arc<Stopwatch>>, Json(body): Json<Value>) -> Json<Value> {
    let text = body["text"]["body"].as_str().unwrap_or_default();
    arrived.end(text);
    let id = format!("wamid.S{text}");
    Json(json!({"messaging_product": "whatsapp",
        "contacts": [{"input": body["to"], "wa_id": body["to"]}], "messages": [{"id": id}]}))
}

async fn templates() -> Json<Value> {
    Json(json!({"data": []}))
}
