//! A double of amoCRM: a server that keeps what it is given, takes nothing that amoCRM would refuse, and fails as it is told.
//!
//! Every request that has an unknown field, a wrong shape or misses something is answered as amoCRM does and remembered as a fault of
//! whoever sent it: [`Fake::assert_nothing_wrong`] fails the test then.

mod check;
mod read;
mod write;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use types::Clock;

use check::Wrong;

pub const HOST: &str = "okna.amocrm.ru";
pub const CLIENT_ID: &str = "beseda-client";
pub const CLIENT_SECRET: &str = "beseda-secret";
pub const RETURN_URL: &str = "https://desk.example/amocrm";
/// Calls that it takes in a second.
const RATE: usize = 7;
/// Things that it takes in a call.
const THINGS: usize = 50;
/// How long a refresh token that is not used lives.
const REFRESH_LIFE: time::Duration = time::Duration::days(90);

/// What goes wrong with a call that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It does what it is asked, and the connection breaks.
    Silent,
    /// It does nothing, and the connection breaks.
    Lost,
    /// It does nothing and answers with this status, by a page that is no JSON.
    Status(u16),
    /// It does what it is asked and answers with this status.
    DoneStatus(u16),
    /// It does what it is asked and never answers: the one who asked is about to be killed.
    DoneHangs,
    /// It hangs before it does anything.
    Hangs,
    /// It does nothing and asks to be left alone for so many seconds (429).
    RetryAfter(u64),
}

#[derive(Default)]
pub struct State {
    pub codes: Vec<String>,
    pub access: String,
    pub refresh: String,
    /// When the last pair was given.
    given: Option<OffsetDateTime>,
    /// How many pairs were given, and how often a used refresh token came back.
    pub pairs: usize,
    pub reused: usize,
    pub contacts: BTreeMap<i64, Value>,
    pub leads: BTreeMap<i64, Value>,
    pub tasks: BTreeMap<i64, Value>,
    pub notes: BTreeMap<i64, Vec<Value>>,
    pub unsorted: BTreeMap<String, Value>,
    pub fields: BTreeMap<&'static str, Vec<Value>>,
    pub pipelines: Vec<Value>,
    pub users: Vec<Value>,
    pub down: bool,
    /// A name that it does not take, for a reason of its own.
    pub unwanted: Option<&'static str>,
    /// Does it keep to itself which of several things it does not take?
    pub is_curt: bool,
    /// What goes wrong with the next writes, and with the next renewals of tokens.
    pub troubles: VecDeque<Option<Trouble>>,
    pub token_troubles: VecDeque<Trouble>,
    pub wrong: Vec<String>,
    pub limited: usize,
    /// Paths of the writes that were done, in order.
    pub writes: Vec<String>,
    pub calls: usize,
    last: u64,
    arrived: VecDeque<OffsetDateTime>,
}

impl State {
    pub fn next_id(&mut self) -> i64 {
        self.last += 1;
        i64::try_from(self.last).expect("few")
    }
}

#[derive(Clone)]
pub struct Fake {
    state: Arc<Mutex<State>>,
    clock: Clock,
    /// Somebody hangs.
    pub hung: Arc<Notify>,
    pub url: String,
}

/// An answer: a status and what it says.
pub type Said = (u16, Value);

impl Fake {
    /// A portal with two pipelines, two employees and two fields.
    pub async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let fake = Self {
            state: Arc::default(),
            clock,
            hung: Arc::default(),
            url,
        };
        fake.state().furnish();
        let router = Router::new().fallback(serve).with_state(fake.clone());
        #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A code, as an administrator brings it back.
    pub fn code(&self) -> String {
        let mut state = self.state();
        let code = format!("code-{}", state.next_id());
        state.codes.push(code.clone());
        code
    }

    pub fn trouble(&self, troubles: &[Trouble]) {
        let troubles = troubles.iter().copied().map(Some);
        self.state().troubles.extend(troubles);
    }

    /// Something goes wrong with the write after so many.
    pub fn trouble_after(&self, writes: usize, trouble: Trouble) {
        let mut state = self.state();
        state.troubles = std::iter::repeat_n(None, writes)
            .chain([Some(trouble)])
            .collect();
    }

    /// The access token is not taken any more.
    pub fn expire(&self) {
        self.state().access = "expired".to_owned();
    }

    /// Nothing came that amoCRM would have refused for its shape.
    pub fn assert_nothing_wrong(&self) {
        let state = self.state();
        assert!(state.wrong.is_empty(), "{:#?}", state.wrong);
        assert_eq!(state.reused, 0, "a refresh token is good once");
    }

    fn limits(&self) -> bool {
        let (mut state, now) = (self.state(), self.clock.now());
        let old = |at: &OffsetDateTime| now - *at >= Duration::from_secs(1);
        while state.arrived.front().is_some_and(old) {
            state.arrived.pop_front();
        }
        if state.arrived.len() >= RATE {
            state.limited += 1;
            return true;
        }
        state.arrived.push_back(now);
        false
    }
}

async fn serve(
    Shared(fake): Shared<Fake>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    fake.state().calls += 1;
    if fake.state().down {
        return page(StatusCode::BAD_GATEWAY);
    }
    if fake.limits() {
        return page(StatusCode::TOO_MANY_REQUESTS);
    }
    let prefix = format!("/{HOST}");
    let path = uri.path().strip_prefix(&prefix).unwrap_or_default();
    let query = uri.query().unwrap_or_default();
    if path == "/oauth2/access_token" {
        let trouble = fake.state().token_troubles.pop_front();
        let now = fake.clock.now();
        return troubled(&fake, trouble, || fake.state().token(&body, now)).await;
    }
    let token = headers.get("authorization");
    let token = token.and_then(|it| it.to_str().ok());
    let wanted = format!("Bearer {}", fake.state().access);
    if token != Some(&wanted[..]) {
        return answer(problem(401, "Unauthorized", &[]));
    }
    if method == Method::GET {
        return answer(fake.state().read(path, query));
    }
    let trouble = fake.state().troubles.pop_front().flatten();
    troubled(&fake, trouble, || {
        let said = fake.state().write(path, &body, fake.clock.now());
        if said.0 < 300 {
            fake.state().writes.push(path.to_owned());
        }
        said
    })
    .await
}

async fn troubled(
    fake: &Fake,
    trouble: Option<Trouble>,
    act: impl FnOnce() -> Said,
) -> Response<Body> {
    match trouble {
        None => answer(act()),
        Some(Trouble::Silent) => {
            act();
            broken()
        }
        Some(Trouble::Lost) => broken(),
        Some(Trouble::Status(status)) => page(StatusCode::from_u16(status).expect("a status")),
        Some(Trouble::RetryAfter(seconds)) => {
            let mut answer = page(StatusCode::TOO_MANY_REQUESTS);
            answer.headers_mut().insert("retry-after", seconds.into());
            answer
        }
        Some(Trouble::DoneStatus(status)) => {
            act();
            page(StatusCode::from_u16(status).expect("a status"))
        }
        Some(Trouble::DoneHangs) => {
            act();
            fake.hung.notify_one();
            std::future::pending().await
        }
        Some(Trouble::Hangs) => {
            fake.hung.notify_one();
            std::future::pending().await
        }
    }
}

fn answer((status, body): Said) -> Response<Body> {
    let status = StatusCode::from_u16(status).expect("a status");
    let kind = match status.is_success() {
        true => "application/hal+json",
        false => "application/problem+json",
    };
    let body = match status {
        StatusCode::NO_CONTENT => Body::empty(),
        _ => Body::from(body.to_string()),
    };
    let answer = Response::builder().status(status);
    answer
        .header("content-type", kind)
        .body(body)
        .expect("an answer")
}

/// What stands before amoCRM says.
fn page(status: StatusCode) -> Response<Body> {
    let answer = Response::builder().status(status);
    answer.body(Body::from("<html></html>")).expect("an answer")
}

/// An answer that breaks off.
fn broken() -> Response<Body> {
    let lost = std::io::Error::other("lost");
    let stream = futures::stream::iter([Ok(Bytes::from_static(b"{")), Err(lost)]);
    Response::new(Body::from_stream(stream))
}

/// A refusal as amoCRM words it: the things that are wrong by their names in the call, and what is wrong with each.
pub fn problem(status: u16, title: &str, wrong: &[(String, Vec<Wrong>)]) -> Said {
    let error = |(path, code, _): &Wrong| json!({"path": path, "code": code, "detail": "This value is not valid."});
    let wrong = wrong.iter().map(|(thing, wrong)| {
        let errors: Vec<Value> = wrong.iter().map(error).collect();
        json!({"request_id": thing, "errors": errors})
    });
    let wrong: Vec<Value> = wrong.collect();
    let said = json!({
        "title": title, "type": "https://httpstatus.es/400", "status": status, "detail": "Request validation failed",
        "validation-errors": wrong,
    });
    (status, said)
}

impl State {
    fn furnish(&mut self) {
        let stage = |id: i64, name: &str, kind: i64| json!({"id": id, "name": name, "sort": id, "type": kind, "pipeline_id": 1});
        let pipeline = |id: i64, sort: i64, name: &str| {
            json!({
                "id": id, "name": name, "sort": sort, "is_archive": false,
                "_embedded": {"statuses": [
                    stage(id * 10, "Неразобранное", 1), stage(id * 10 + 1, "Первый контакт", 0), stage(id * 10 + 2, "Переговоры", 0),
                    stage(142, "Успешно", 0), stage(143, "Отказ", 0),
                ]},
            })
        };
        self.pipelines = vec![pipeline(2, 20, "Сервис"), pipeline(1, 10, "Продажи")];
        let user = |id: i64, name: &str, active: bool| json!({"id": id, "name": name, "email": "a@example.com", "rights": {"is_active": active}});
        self.users = vec![
            user(501, "Анна", true),
            user(502, "Борис", true),
            user(503, "Вера", false),
        ];
        let field = |id: i64, name: &str, kind: &str, code: Option<&str>| json!({"id": id, "name": name, "type": kind, "code": code});
        self.fields = BTreeMap::from([
            (
                "contacts",
                vec![
                    field(11, "Телефон", "multitext", Some("PHONE")),
                    field(12, "Email", "multitext", Some("EMAIL")),
                    field(13, "Город", "text", None),
                ],
            ),
            (
                "leads",
                vec![
                    field(21, "Кампания", "text", None),
                    field(22, "Сумма", "numeric", None),
                ],
            ),
        ]);
        self.last = 1_000;
    }

    fn token(&mut self, body: &[u8], now: OffsetDateTime) -> Said {
        let refused = || problem(401, "Token has been revoked", &[]);
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
        let own = [
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
            ("redirect_uri", RETURN_URL),
        ];
        if own.iter().any(|(name, wanted)| text(name) != *wanted) {
            self.wrong.push(format!("a request for tokens: {asked}"));
            return refused();
        }
        match &text("grant_type")[..] {
            "authorization_code" => {
                let code = text("code");
                let Some(place) = self.codes.iter().position(|it| *it == code) else {
                    return refused();
                };
                self.codes.remove(place);
            }
            "refresh_token"
                if text("refresh_token") == self.refresh
                    && self.given.is_some_and(|given| now - given < REFRESH_LIFE) => {}
            "refresh_token" => {
                self.reused += 1;
                return refused();
            }
            _ => {
                self.wrong.push(format!("a request for tokens: {asked}"));
                return refused();
            }
        }
        self.pairs += 1;
        self.given = Some(now);
        (self.access, self.refresh) = (
            format!("access-{}", self.pairs),
            format!("refresh-{}", self.pairs),
        );
        let pair = json!({
            "token_type": "Bearer", "expires_in": 86_400, "access_token": self.access, "refresh_token": self.refresh,
        });
        (200, pair)
    }
}
