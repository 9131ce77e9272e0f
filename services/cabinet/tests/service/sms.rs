//! A strict double of a provider of SMS.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Form, Json, Router};
use kit::lifecycle::Lifecycle;
use serde_json::{Value, json};
use testkit::wait_for;
use tokio::net::TcpListener;

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    Down,
    Slow,
    OutOfMoney,
    BadNumber,
}

/// An SMS that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub to: String,
    pub text: String,
}

#[derive(Clone)]
pub struct Provider {
    seen: Arc<Mutex<Seen>>,
    pub url: String,
}

struct Seen {
    mood: Mood,
    taken: Vec<Taken>,
    asked: usize,
    reports: Vec<String>,
    wrong: Vec<String>,
}

impl Provider {
    pub async fn start(life: &Lifecycle) -> Self {
        let seen = Arc::new(Mutex::new(Seen {
            mood: Mood::Well,
            taken: Vec::new(),
            asked: 0,
            reports: Vec::new(),
            wrong: Vec::new(),
        }));
        let router = Router::new()
            .route("/send", post(send))
            .with_state(Arc::clone(&seen));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let stopping = life.stopping();
        life.spawn("provider", async move {
            let served = axum::serve(listener, router);
            let served = served.with_graceful_shutdown(stopping.cancelled_owned());
            served.await.expect("the provider serves");
        });
        Self { seen, url }
    }

    /// How this provider is called.
    pub fn description(&self, key: &str) -> Value {
        json!({
            "key": key,
            "title": "Test SMS",
            "settings": [
                { "name": "key", "title": "Key", "secret": true, "required": true },
                { "name": "sender", "title": "Sender" },
            ],
            "send": {
                "url": format!("{}/send", self.url),
                "form": { "key": "{key}", "from": "{sender}", "to": "{digits}", "text": "{text}", "id": "{id}", "report": "{report_url}" },
            },
            "reply": {
                "sent": { "pointer": "/ok" }, "unless": { "pointer": "/error" },
                "id": "/id", "balance": "/balance", "error": ["/error"], "error_text": ["/words"],
            },
            "errors": { "3": "money", "7": "number" },
            "report": { "id": "id", "status": "status", "delivered": ["1"], "failed": ["20"], "answer": "got it" },
        })
    }

    pub fn be(&self, mood: Mood) {
        self.seen.lock().expect("not poisoned").mood = mood;
    }

    pub fn taken(&self) -> Vec<Taken> {
        let seen = self.seen.lock().expect("not poisoned");
        assert!(seen.wrong.is_empty(), "{:?}", seen.wrong);
        seen.taken.clone()
    }

    pub fn asked(&self) -> usize {
        self.seen.lock().expect("not poisoned").asked
    }

    /// Where it was told to report the newest SMS.
    pub fn report_url(&self) -> String {
        let seen = self.seen.lock().expect("not poisoned");
        seen.reports.last().cloned().expect("an SMS")
    }

    /// The code in the newest SMS to a number, once there are so many.
    pub async fn code(&self, to: &str, how_many: usize) -> String {
        let to = to.trim_start_matches('+');
        wait_for("an SMS", async || {
            let taken = self.taken();
            let own: Vec<_> = taken.iter().filter(|sms| sms.to == to).collect();
            let newest = own.last().filter(|_| own.len() >= how_many)?;
            Some(newest.text.chars().filter(char::is_ascii_digit).collect())
        })
        .await
    }
}

async fn send(
    State(seen): State<Arc<Mutex<Seen>>>,
    Form(form): Form<BTreeMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let mood = {
        let mut seen = seen.lock().expect("not poisoned");
        seen.asked += 1;
        if let Some(problem) = problem(&form) {
            seen.wrong.push(problem);
            return (StatusCode::BAD_REQUEST, Json(Value::Null));
        }
        if seen.mood == Mood::Well {
            seen.reports.push(form["report"].clone());
            seen.taken.push(Taken {
                to: form["to"].clone(),
                text: form["text"].clone(),
            });
        }
        seen.mood
    };
    match mood {
        Mood::Well => {
            let answer = json!({"ok": true, "id": form["id"], "balance": "99.50"});
            (StatusCode::OK, Json(answer))
        }
        Mood::Down => (StatusCode::BAD_GATEWAY, Json(Value::Null)),
        Mood::Slow => {
            types::Clock::system().sleep(Duration::from_secs(60)).await;
            (StatusCode::OK, Json(Value::Null))
        }
        Mood::OutOfMoney => (
            StatusCode::OK,
            Json(json!({"ok": true, "error": "3", "words": "no money"})),
        ),
        Mood::BadNumber => (
            StatusCode::OK,
            Json(json!({"error": "7", "words": format!("bad {}", form["to"])})),
        ),
    }
}

fn problem(form: &BTreeMap<String, String>) -> Option<String> {
    let names: Vec<_> = form.keys().map(String::as_str).collect();
    if names != ["id", "key", "report", "text", "to"] {
        return Some(format!("fields {names:?}"));
    }
    if form["key"] != "secret of the account" {
        return Some("the key is wrong".to_owned());
    }
    if !form["to"].bytes().all(|byte| byte.is_ascii_digit()) {
        return Some("the number is wrong".to_owned());
    }
    if form["text"].encode_utf16().count() > 70 {
        return Some("more than one SMS".to_owned());
    }
    None
}
