//! A strict double of the Bot API: it refuses what Telegram refuses, and keeps what it was given.

mod methods;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use kit::lifecycle::Lifecycle;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

pub const TOKEN: &str = "123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
pub const NEW_TOKEN: &str = "123456:BBHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
pub const ANNA: i64 = 42;
pub const BORIS: i64 = 43;

/// The double. A clone is the same one.
#[derive(Clone)]
pub struct Telegram(Arc<Inner>);

struct Inner {
    world: Mutex<World>,
    news: Notify,
}

#[derive(Default)]
struct World {
    token: String,
    updates: VecDeque<Value>,
    next_update: i64,
    next_message: i64,
    webhook: Option<Webhook>,
    /// A poll is waiting.
    polls: usize,
    chats: BTreeSet<i64>,
    blocked: BTreeSet<i64>,
    /// Chats in which nothing can be sent for now.
    held: BTreeSet<i64>,
    /// Groups that go on under another id.
    moved: BTreeMap<i64, i64>,
    files: HashMap<String, Vec<u8>>,
    /// Files that are known and do not come.
    withheld: HashMap<String, Withheld>,
    /// Pictures that people show, the newest first: their unique ids, which here begin the ids of their files.
    pictures: HashMap<i64, Vec<String>>,
    /// How often a method was called.
    calls: BTreeMap<String, usize>,
    sent: Vec<Sent>,
    faults: VecDeque<Fault>,
    /// Requests that Telegram would refuse as malformed: none of them is forgiven.
    offences: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Webhook {
    pub url: String,
    pub secret: String,
}

/// How a file does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// Whoever asks waits.
    Silent,
    /// Whoever asks is told that it is not there.
    Missing,
}

/// What goes wrong with the next message.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// "Too many requests", come again in a second.
    Busy,
    /// Telegram says that it failed.
    Internal,
    /// It is sent, and the answer is lost.
    Cut,
}

/// A message that the bot sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub method: String,
    pub chat: i64,
    pub text: String,
    /// Name, type and contents.
    pub files: Vec<(String, String, Vec<u8>)>,
}

/// Parameters of a call.
pub struct Given {
    pub fields: Map<String, Value>,
    pub files: BTreeMap<String, (String, String, Vec<u8>)>,
}

/// What Telegram answers.
pub enum Answer {
    Result(Value),
    Refused(u16, &'static str, Value),
    /// The connection breaks.
    Nothing,
}

impl Telegram {
    pub async fn start(life: &Lifecycle) -> (Self, String) {
        let telegram = Self(Arc::new(Inner {
            world: Mutex::new(World {
                token: TOKEN.to_owned(),
                next_update: 900_000_000,
                chats: [ANNA].into(),
                ..World::default()
            }),
            news: Notify::new(),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let router = Router::new()
            .route("/{bot}/{method}", any(call))
            .route("/file/{bot}/{*path}", get(file))
            .layer(DefaultBodyLimit::disable())
            .with_state(telegram.clone());
        let stopping = life.stopping();
        life.spawn("telegram", async move {
            let serving = axum::serve(listener, router);
            tokio::select! { _ = serving => {}, () = stopping.cancelled() => {} }
        });
        (telegram, address)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().expect("no panic in the double")
    }

    /// Something happens: an update of this kind.
    pub fn update(&self, kind: &str, value: Value) -> Value {
        let update = {
            let mut world = self.world();
            world.next_update += 1;
            let mut update = json!({"update_id": world.next_update});
            update[kind] = value;
            world.updates.push_back(update.clone());
            update
        };
        self.0.news.notify_waiters();
        update
    }

    /// Somebody writes in their own chat.
    pub fn write(&self, person: i64, more: Value) -> Value {
        let id = {
            let mut world = self.world();
            world.chats.insert(person);
            world.next_message += 1;
            world.next_message
        };
        let mut message = json!({"message_id": id, "date": 1_800_000_000, "chat": {"id": person, "type": "private"},
            "from": {"id": person, "is_bot": false, "first_name": "Anna", "username": "anna"}});
        let Value::Object(more) = more else {
            panic!("fields are an object")
        };
        message.as_object_mut().expect("an object").extend(more);
        self.update("message", message)
    }

    pub fn text(&self, person: i64, text: &str) -> Value {
        self.write(person, json!({"text": text}))
    }

    pub fn keep_file(&self, id: &str, contents: &[u8]) {
        self.world().files.insert(id.to_owned(), contents.to_vec());
    }

    /// A file that is known does not come from now on; nothing: it does again.
    pub fn withhold(&self, id: &str, how: Option<Withheld>) {
        let withheld = &mut self.world().withheld;
        withheld.remove(id);
        withheld.extend(how.map(|how| (id.to_owned(), how)));
        self.0.news.notify_waiters();
    }

    /// How a file does not come, once nobody has to wait for it.
    async fn given(&self, id: &str) -> Option<Withheld> {
        loop {
            let mut news = Box::pin(self.0.news.notified());
            news.as_mut().enable();
            match self.world().withheld.get(id).copied() {
                Some(Withheld::Silent) => {}
                other => return other,
            }
            news.await;
        }
    }

    /// Somebody shows another picture.
    pub fn show_picture(&self, person: i64, unique: &str, contents: &[u8]) {
        self.keep_file(&format!("{unique}-large"), contents);
        let mut world = self.world();
        let pictures = world.pictures.entry(person).or_default();
        pictures.insert(0, unique.to_owned());
    }

    /// Somebody shows no picture any more.
    pub fn hide_pictures(&self, person: i64) {
        self.world().pictures.remove(&person);
    }

    /// How often a method was called.
    pub fn calls(&self, method: &str) -> usize {
        self.world().calls.get(method).copied().unwrap_or_default()
    }

    pub fn block(&self, person: i64) {
        self.world().blocked.insert(person);
    }

    pub fn hold(&self, chat: i64, is_held: bool) {
        let mut world = self.world();
        match is_held {
            true => world.held.insert(chat),
            false => world.held.remove(&chat),
        };
    }

    pub fn move_group(&self, from: i64, to: i64) {
        let mut world = self.world();
        world.chats.insert(to);
        world.moved.insert(from, to);
    }

    pub fn know(&self, chat: i64) {
        self.world().chats.insert(chat);
    }

    pub fn fail(&self, faults: &[Fault]) {
        self.world().faults.extend(faults);
    }

    /// The token is another one from now on.
    pub fn revoke(&self) {
        NEW_TOKEN.clone_into(&mut self.world().token);
        self.0.news.notify_waiters();
    }

    pub fn sent(&self) -> Vec<Sent> {
        let world = self.world();
        assert_eq!(world.offences, Vec::<String>::new());
        world.sent.clone()
    }

    pub fn texts(&self) -> Vec<String> {
        self.sent().into_iter().map(|sent| sent.text).collect()
    }

    pub fn webhook(&self) -> Option<Webhook> {
        self.world().webhook.clone()
    }

    /// Updates that nobody has confirmed.
    pub fn unconfirmed(&self) -> usize {
        self.world().updates.len()
    }
}

async fn call(
    State(telegram): State<Telegram>,
    Path((bot, method)): Path<(String, String)>,
    request: Request,
) -> Response {
    if bot != format!("bot{}", telegram.world().token) {
        return answer(Answer::Refused(401, "Unauthorized", json!({})));
    }
    let given = given(request).await;
    let answered = match &method[..] {
        "getUpdates" => telegram.get_updates(&given).await,
        _ => telegram.done(&method, &given),
    };
    answer(answered)
}

async fn given(request: Request) -> Given {
    let kind = request.headers().get(header::CONTENT_TYPE).cloned();
    let kind = kind
        .as_ref()
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    if !kind.starts_with("multipart/form-data") {
        let body = axum::body::to_bytes(request.into_body(), 1 << 20).await;
        let fields = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
        return Given {
            fields,
            files: BTreeMap::new(),
        };
    }
    let mut parts = Multipart::from_request(request, &()).await.expect("a form");
    let (mut fields, mut files) = (Map::new(), BTreeMap::new());
    while let Ok(Some(part)) = parts.next_field().await {
        let name = part.name().unwrap_or_default().to_owned();
        match part.file_name().map(str::to_owned) {
            Some(file_name) => {
                let kind = part.content_type().unwrap_or_default().to_owned();
                let bytes = part.bytes().await.unwrap_or_default();
                files.insert(name, (file_name, kind, bytes.to_vec()));
            }
            None => {
                let text = part.text().await.unwrap_or_default();
                fields.insert(name, Value::String(text));
            }
        }
    }
    Given { fields, files }
}

async fn file(
    State(telegram): State<Telegram>,
    Path((bot, path)): Path<(String, String)>,
) -> Response {
    let id = path.strip_prefix("files/").unwrap_or_default();
    if telegram.given(id).await.is_some() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let world = telegram.world();
    match world.files.get(id) {
        Some(bytes) if bot == format!("bot{}", world.token) => bytes.clone().into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(answer: Answer) -> Response {
    let (code, body) = match answer {
        Answer::Result(result) => (200, json!({"ok": true, "result": result})),
        Answer::Refused(code, description, parameters) => (
            code,
            json!({"ok": false, "error_code": code, "description": description, "parameters": parameters}),
        ),
        Answer::Nothing => {
            // A body that breaks off: no answer is read from it.
            let broken = futures::stream::iter([
                Ok(bytes::Bytes::from_static(b"{")),
                Err(std::io::Error::other("cut")),
            ]);
            return axum::body::Body::from_stream(broken).into_response();
        }
    };
    let code = StatusCode::from_u16(code).expect("a status");
    (code, axum::Json(body)).into_response()
}
