//! A strict double of the Cloud API: it refuses what WhatsApp refuses, and keeps what it was given. Its calls to us are signed as
//! WhatsApp signs them.

mod messages;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use kit::lifecycle::Lifecycle;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

pub const TOKEN: &str = "EAAJB0dC4VjsBO7ZBexample";
pub const NEW_TOKEN: &str = "EAAJB0dC4VjsBO7ZBanother";
pub const NUMBER: &str = "106540352242922";
pub const ACCOUNT: &str = "102290129340398";
pub const ANNA: &str = "79991234567";
pub const ANNA_ID: &str = "RU.13491208655302741918";

/// The double. A clone is the same one.
#[derive(Clone)]
pub struct Cloud(Arc<Inner>);

struct Inner {
    world: Mutex<World>,
    address: String,
    /// A file comes again.
    given: Notify,
}

#[derive(Default)]
struct World {
    token: String,
    templates: Vec<Value>,
    funding: Option<String>,
    /// Numbers that nobody has registered.
    unregistered: Vec<String>,
    /// Whom free text reaches.
    dialogues: Vec<String>,
    /// To whom too much was sent for now.
    held: Vec<String>,
    files: HashMap<String, Vec<u8>>,
    /// Files of which nothing comes: whoever asks waits.
    withheld: HashSet<String>,
    /// How often a file was asked for.
    asked: usize,
    /// Addresses of files that run out before they are used.
    expiring: usize,
    /// Files that were brought: type, name, contents.
    uploads: BTreeMap<String, (String, String, Vec<u8>)>,
    sent: Vec<Sent>,
    faults: VecDeque<Fault>,
    next: u64,
    /// Requests that the real API would refuse as malformed: none of them is forgiven.
    offences: Vec<String>,
}

/// What goes wrong with the next message.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// This code, with this status.
    Code(i64, u16),
    /// It is sent, and the answer is lost.
    Cut,
}

/// A message that was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    pub id: String,
    /// Number, or the person's own id.
    pub to: String,
    pub kind: String,
    /// What stands under the kind.
    pub content: Value,
    pub data: String,
    /// Type, name and contents of its file.
    pub file: Option<(String, String, Vec<u8>)>,
}

type Refusal = (u16, i64, String);

fn refused(code: i64, details: &str) -> Refusal {
    (400, code, details.to_owned())
}

impl Cloud {
    pub async fn start(life: &Lifecycle) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let cloud = Self(Arc::new(Inner {
            world: Mutex::new(World {
                token: TOKEN.to_owned(),
                funding: Some("1234".to_owned()),
                dialogues: vec![ANNA.to_owned(), ANNA_ID.to_owned()],
                ..World::default()
            }),
            address,
            given: Notify::new(),
        }));
        let router = Router::new()
            .route("/v26.0/{id}", get(node))
            .route("/v26.0/{id}/messages", post(send))
            .route("/v26.0/{id}/media", post(upload))
            .route("/v26.0/{id}/contacts", post(contacts))
            .route("/v26.0/{id}/message_templates", get(templates))
            .route("/file/{id}", get(file))
            .layer(DefaultBodyLimit::disable())
            .with_state(cloud.clone());
        let stopping = life.stopping();
        life.spawn("cloud", async move {
            let serving = axum::serve(listener, router);
            tokio::select! { _ = serving => {}, () = stopping.cancelled() => {} }
        });
        cloud
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().expect("no panic in the double")
    }

    /// Its host and port.
    pub fn host(&self) -> String {
        self.0.address.clone()
    }

    pub fn api(&self) -> String {
        format!("http://{}/v26.0", self.0.address)
    }

    pub fn keep_file(&self, id: &str, contents: &[u8]) {
        self.world().files.insert(id.to_owned(), contents.to_vec());
    }

    /// Nothing comes of a file from now on, or it does again.
    pub fn withhold(&self, id: &str, is_withheld: bool) {
        let withheld = &mut self.world().withheld;
        match is_withheld {
            true => withheld.insert(id.to_owned()),
            false => withheld.remove(id),
        };
        self.0.given.notify_waiters();
    }

    /// How often files were asked for.
    pub fn asked(&self) -> usize {
        self.world().asked
    }

    async fn given(&self, id: &str) {
        loop {
            let mut given = Box::pin(self.0.given.notified());
            given.as_mut().enable();
            if !self.world().withheld.contains(id) {
                return;
            }
            given.await;
        }
    }

    /// The next addresses of files run out before they are used.
    pub fn expire(&self, count: usize) {
        self.world().expiring = count;
    }

    pub fn set_templates(&self, templates: Vec<Value>) {
        self.world().templates = templates;
    }

    pub fn set_funding(&self, funding: Option<&str>) {
        self.world().funding = funding.map(str::to_owned);
    }

    pub fn unregister(&self, number: &str) {
        self.world().unregistered.push(number.to_owned());
    }

    /// Somebody has written.
    pub fn open_dialogue(&self, who: &str) {
        self.world().dialogues.push(who.to_owned());
    }

    /// Too much was sent to somebody for now, or no longer.
    pub fn hold(&self, who: &str, is_held: bool) {
        let held = &mut self.world().held;
        held.retain(|other| other != who);
        held.extend(is_held.then(|| who.to_owned()));
    }

    /// The dialogues with everybody are over.
    pub fn close_dialogues(&self) {
        self.world().dialogues.clear();
    }

    pub fn fail(&self, faults: &[Fault]) {
        self.world().faults.extend(faults);
    }

    /// The token is another one from now on.
    pub fn revoke(&self) {
        NEW_TOKEN.clone_into(&mut self.world().token);
    }

    pub fn sent(&self) -> Vec<Sent> {
        let world = self.world();
        assert_eq!(world.offences, Vec::<String>::new());
        world.sent.clone()
    }

    fn may(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let given = headers.get(header::AUTHORIZATION);
        let expected = format!("Bearer {}", self.world().token);
        match given.is_some_and(|it| it.as_bytes() == expected.as_bytes()) {
            true => Ok(()),
            false => Err((401, 190, "Error validating access token".to_owned())),
        }
    }

    fn offend(&self, what: impl Into<String>) {
        self.world().offences.push(what.into());
    }
}

fn answer(answer: Result<Value, Refusal>) -> Response {
    match answer {
        Ok(value) => axum::Json(value).into_response(),
        Err((status, code, details)) => {
            let error = json!({"message": format!("(#{code}) {details}"), "type": "OAuthException", "code": code,
                "error_data": {"messaging_product": "whatsapp", "details": details}, "fbtrace_id": "A"});
            let status = StatusCode::from_u16(status).expect("a status");
            (status, axum::Json(json!({"error": error}))).into_response()
        }
    }
}

/// A number, a business account, or a file.
async fn node(
    State(cloud): State<Cloud>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let found = cloud.may(&headers).and_then(|()| match &id[..] {
        NUMBER => Ok(json!({"id": NUMBER, "display_phone_number": "+1 555 078 3881"})),
        ACCOUNT => {
            let funding = cloud.world().funding.clone();
            Ok(json!({"id": ACCOUNT, "primary_funding_id": funding.unwrap_or_else(|| "0".to_owned())}))
        }
        file if cloud.world().files.contains_key(file) => {
            assert_eq!(query.get("phone_number_id").map(String::as_str), Some(NUMBER));
            let url = format!("http://{}/file/{file}", cloud.host());
            Ok(json!({"messaging_product": "whatsapp", "id": file, "url": url, "file_size": "5"}))
        }
        _ => Err(refused(100, "Unsupported get request")),
    });
    answer(found)
}

async fn file(State(cloud): State<Cloud>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if cloud.may(&headers).is_err() || !headers.contains_key(header::USER_AGENT) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    cloud.world().asked += 1;
    cloud.given(&id).await;
    let mut world = cloud.world();
    if world.expiring > 0 {
        world.expiring -= 1;
        return StatusCode::NOT_FOUND.into_response();
    }
    match world.files.get(&id) {
        Some(bytes) => bytes.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn upload(
    State(cloud): State<Cloud>,
    Path(id): Path<String>,
    headers: HeaderMap,
    mut form: Multipart,
) -> Response {
    let (mut fields, mut found) = (HashMap::new(), None);
    while let Ok(Some(part)) = form.next_field().await {
        let name = part.name().unwrap_or_default().to_owned();
        match part.file_name().map(str::to_owned) {
            Some(file_name) => {
                let kind = part.content_type().unwrap_or_default().to_owned();
                found = Some((
                    kind,
                    file_name,
                    part.bytes().await.unwrap_or_default().to_vec(),
                ));
            }
            None => {
                fields.insert(name, part.text().await.unwrap_or_default());
            }
        }
    }
    if let Err(refusal) = cloud.may(&headers) {
        return answer(Err(refusal));
    }
    let is_whole = fields.get("messaging_product").map(String::as_str) == Some("whatsapp");
    let uploaded = found.filter(|(kind, ..)| is_whole && fields.get("type") == Some(kind));
    let Some(uploaded) = uploaded.filter(|_| id == NUMBER) else {
        cloud.offend("an upload without messaging_product, type or file");
        return answer(Err(refused(100, "Invalid parameter")));
    };
    let mut world = cloud.world();
    world.next += 1;
    let id = format!("{}", 4_000_000_000 + world.next);
    world.uploads.insert(id.clone(), uploaded);
    answer(Ok(json!({"id": id})))
}

async fn contacts(
    State(cloud): State<Cloud>,
    headers: HeaderMap,
    axum::Json(body): axum::Json<Value>,
) -> Response {
    let checked = cloud.may(&headers).map(|()| {
        let input = body["contacts"][0].as_str().unwrap_or_default().to_owned();
        let digits = input.trim_start_matches('+').to_owned();
        let is_known = !cloud.world().unregistered.contains(&digits);
        let contact = match is_known {
            true => json!({"input": input, "status": "valid", "wa_id": digits}),
            false => json!({"input": input, "status": "invalid"}),
        };
        json!({"contacts": [contact]})
    });
    answer(checked)
}

async fn templates(
    State(cloud): State<Cloud>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let listed = cloud.may(&headers).and_then(|()| {
        if id != ACCOUNT {
            return Err(refused(100, "Unsupported get request"));
        }
        // Two on a page, so that pages are turned.
        let from: usize = query
            .get("after")
            .map_or(0, |it| it.parse().expect("a cursor"));
        let all = cloud.world().templates.clone();
        let page: Vec<Value> = all.iter().skip(from).take(2).cloned().collect();
        let mut paging =
            json!({"cursors": {"before": "0", "after": format!("{}", from + page.len())}});
        if from + page.len() < all.len() {
            paging["next"] = json!("https://graph.example.com/next");
        }
        Ok(json!({"data": page, "paging": paging}))
    });
    answer(listed)
}

async fn send(
    State(cloud): State<Cloud>,
    Path(id): Path<String>,
    headers: HeaderMap,
    axum::Json(body): axum::Json<Value>,
) -> Response {
    if let Err(refusal) = cloud.may(&headers) {
        return answer(Err(refusal));
    }
    let fault = cloud.world().faults.pop_front();
    if let Some(Fault::Code(code, status)) = fault {
        return answer(Err((status, code, "as asked".to_owned())));
    }
    let sent = match id == NUMBER {
        true => cloud.sent_message(&body),
        false => Err(refused(100, "Unsupported post request")),
    };
    match (sent, fault) {
        (Ok(_), Some(Fault::Cut)) => {
            // A body that breaks off: no answer is read from it.
            let broken = futures::stream::iter([
                Ok(bytes::Bytes::from_static(b"{")),
                Err(std::io::Error::other("cut")),
            ]);
            axum::body::Body::from_stream(broken).into_response()
        }
        (Ok(id), _) => {
            let to = body.get("to").or_else(|| body.get("recipient"));
            answer(Ok(json!({"messaging_product": "whatsapp",
                "contacts": [{"input": to, "wa_id": to}], "messages": [{"id": id, "message_status": "accepted"}]})))
        }
        (Err(refusal), _) => answer(Err(refusal)),
    }
}
