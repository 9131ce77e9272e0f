//! A provider of SMS for installations of tests: it keeps what it was given to send.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::wait_for;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The key under which accounts install it.
pub const KEY: &str = "test";

/// The provider; it ends with this value.
#[derive(Debug)]
pub struct Sms {
    taken: Arc<Mutex<Vec<(String, String)>>>,
    folder: TempDir,
    _serving: JoinSet<()>,
}

impl Sms {
    /// Starts it.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let folder = tempfile::tempdir().expect("a folder");
        let address = listener.local_addr().expect("bound");
        std::fs::write(folder.path().join("sms.json"), description(address)).expect("written");
        let taken = Arc::default();
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&taken)));
        Self {
            taken,
            folder,
            _serving: serving,
        }
    }

    /// For `BESEDA_SMS_WIDGETS`: the file that says how it is called.
    #[must_use]
    pub fn widgets(&self) -> String {
        self.folder.path().join("sms.json").display().to_string()
    }

    /// The text of the SMS of this number to a telephone, from 1, once it is there.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn text(&self, phone: &str, number: usize) -> String {
        wait_for("an SMS", async || {
            let taken = self.taken.lock().expect("not poisoned");
            let own = taken.iter().filter(|(to, _)| to == phone);
            own.map(|(_, text)| text.clone()).nth(number - 1)
        })
        .await
    }

    /// How many SMS it took.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn count(&self) -> usize {
        self.taken.lock().expect("not poisoned").len()
    }
}

fn description(address: SocketAddr) -> String {
    let widget = json!({
        "key": KEY,
        "title": "Test SMS",
        "settings": [],
        "send": { "url": format!("http://{address}/send"), "json": { "to": "{phone}", "text": "{text}" } },
        "reply": { "sent": { "pointer": "/ok" } },
        "errors": {},
    });
    json!([widget]).to_string()
}

async fn serve(listener: TcpListener, taken: Arc<Mutex<Vec<(String, String)>>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let taken = Arc::clone(&taken);
        let take = service_fn(move |request| take(request, Arc::clone(&taken)));
        connections.spawn(async move {
            let http = hyper::server::conn::http1::Builder::new();
            // A caller who hangs up is none of the provider's business.
            let _ = http.serve_connection(TokioIo::new(stream), take).await;
        });
    }
}

async fn take(
    request: Request<Incoming>,
    taken: Arc<Mutex<Vec<(String, String)>>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    let sms: Value = serde_json::from_slice(&body).unwrap_or_default();
    let field = |name: &str| sms[name].as_str().unwrap_or_default().to_owned();
    taken
        .lock()
        .expect("not poisoned")
        .push((field("to"), field("text")));
    Ok(Response::new(Full::from("{\"ok\": true}")))
}
