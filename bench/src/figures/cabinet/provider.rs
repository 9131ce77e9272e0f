//! A provider of SMS that answers in 50 ms, and the clients' telephones behind it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use types::Clock;

use crate::load;

/// The key under which it is installed.
pub const KEY: &str = "bench";

/// How long it takes.
pub const PATIENCE: Duration = Duration::from_millis(50);

/// A code that does not come within so long is not coming.
const LIMIT: Duration = Duration::from_secs(15);

/// The provider.
pub struct Provider {
    taken: Mutex<HashMap<String, Vec<String>>>,
    came: Notify,
    file: std::path::PathBuf,
}

impl Provider {
    /// Starts it.
    pub async fn start() -> Result<Arc<Self>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/send", listener.local_addr()?);
        let file =
            std::env::temp_dir().join(format!("beseda-bench-sms-{}.json", std::process::id()));
        let widget = json!([{
            "key": KEY, "title": "Bench", "settings": [],
            "send": { "url": url, "json": { "to": "{phone}", "text": "{text}" } },
            "reply": { "sent": { "pointer": "/ok" } },
        }]);
        std::fs::write(&file, widget.to_string())?;
        let provider = Arc::new(Self {
            taken: Mutex::default(),
            came: Notify::new(),
            file,
        });
        let router = Router::new()
            .route("/send", post(take))
            .with_state(Arc::clone(&provider));
        load::spawn(async move { axum::serve(listener, router).await });
        Ok(provider)
    }

    /// The file that says how it is called.
    pub fn widgets(&self) -> String {
        self.file.display().to_string()
    }

    /// How many SMS a number got.
    pub fn count(&self, phone: &str) -> usize {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get(phone).map_or(0, Vec::len)
    }

    /// The code in the SMS of this number to a telephone, from 0, once it is there.
    pub async fn code(&self, phone: &str, number: usize) -> Result<String> {
        let wait = async {
            loop {
                let came = self.came.notified();
                if let Some(code) = self.code_now(phone, number) {
                    return code;
                }
                came.await;
            }
        };
        let code = tokio::time::timeout(LIMIT, wait).await;
        code.context("an SMS did not come")
    }

    fn code_now(&self, phone: &str, number: usize) -> Option<String> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get(phone)?.get(number).cloned()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It is in the folder for temporary files.
        let _ = std::fs::remove_file(&self.file);
    }
}

async fn take(State(provider): State<Arc<Provider>>, Json(sms): Json<Value>) -> Json<Value> {
    Clock::system().sleep(PATIENCE).await;
    let text = |name: &str| sms[name].as_str().unwrap_or_default().to_owned();
    let code = text("text").chars().filter(char::is_ascii_digit).collect();
    let mut taken = provider
        .taken
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    taken.entry(text("to")).or_default().push(code);
    drop(taken);
    provider.came.notify_waiters();
    Json(json!({ "ok": true }))
}
