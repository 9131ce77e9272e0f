//! The layer and the verifier behind it, with keys and revocations that the test controls. Time is tokio's own, paused.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::error::v1::ErrorReason;
use auth::token::{Grant, LIFE, SigningKey, jwks_json};
use auth::{Answer, AuthLayer, Caller, POLL, Principal, Revocations, Role, Source, Verifier};
use http::{Request, Response};
use kit::lifecycle::Lifecycle;
use ring::signature::{Ed25519KeyPair, KeyPair};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service, ServiceExt};
use types::{AccountId, Clock, Language, SessionId, UserId};
use uuid::Uuid;

const OLD_SEED: [u8; 32] = [1; 32];
const NEW_SEED: [u8; 32] = [2; 32];
const VERSION: Uuid = Uuid::from_u128(3);

/// What identity knows, as the test wants it.
#[derive(Default)]
struct Identity {
    keys: Vec<(&'static str, [u8; 32])>,
    ended: Vec<Uuid>,
    away: bool,
}

#[derive(Clone, Default)]
struct Fake {
    identity: Arc<Mutex<Identity>>,
    asked_for_keys: Arc<AtomicUsize>,
}

impl Fake {
    fn set(&self, change: impl FnOnce(&mut Identity)) {
        change(&mut self.identity.lock().expect("not poisoned"));
    }

    fn answer<T>(&self, read: impl FnOnce(&Identity) -> T) -> Result<T, Status> {
        let identity = self.identity.lock().expect("not poisoned");
        if identity.away {
            Err(Status::unavailable("away"))
        } else {
            Ok(read(&identity))
        }
    }
}

impl Source for Fake {
    fn jwks(&self) -> Answer<'_, String> {
        self.asked_for_keys.fetch_add(1, Ordering::Relaxed);
        let answer = self.answer(|identity| {
            let public = |seed: &[u8; 32]| {
                let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("a key");
                pair.public_key().as_ref().to_vec()
            };
            let keys: Vec<_> = identity
                .keys
                .iter()
                .map(|(id, seed)| (*id, public(seed)))
                .collect();
            jwks_json(keys.iter().map(|(id, key)| (*id, key.as_slice())))
        });
        Box::pin(async { answer })
    }

    fn revocations(&self, cursor: i64) -> Answer<'_, Revocations> {
        let answer = self.answer(|identity| {
            let known = usize::try_from(cursor).expect("a cursor of ours");
            let subjects = identity.ended[known..].to_vec();
            Revocations {
                subjects,
                cursor: i64::try_from(identity.ended.len()).expect("few"),
            }
        });
        Box::pin(async { answer })
    }
}

struct Bench {
    fake: Fake,
    clock: Clock,
    layer: AuthLayer,
    life: Lifecycle,
}

fn bench() -> Bench {
    let fake = Fake::default();
    fake.set(|identity| identity.keys = vec![("old", OLD_SEED)]);
    let (clock, life) = (
        Clock::manual(time::OffsetDateTime::UNIX_EPOCH),
        Lifecycle::new(),
    );
    let verifier = Verifier::with_source(fake.clone(), clock.clone(), &life);
    let layer = AuthLayer::new(verifier).open("/beseda.a.v1.A/Open");
    Bench {
        fake,
        clock,
        layer,
        life,
    }
}

fn employee() -> (SessionId, Principal) {
    let session = SessionId::generate();
    let principal = Principal::Employee {
        account: AccountId::generate(),
        user: UserId::generate(),
        session,
        role: Role::Administrator,
        group: None,
        name: "Мария".to_owned(),
    };
    (session, principal)
}

impl Bench {
    fn token(&self, key: &str, seed: &[u8; 32], principal: &Principal) -> String {
        let key = SigningKey::new(key.to_owned(), seed);
        let grant = Grant {
            version: Some(VERSION),
            ..Grant::new(principal.clone(), Language::Ru)
        };
        key.sign(&grant, self.clock.now()).expect("a token").0
    }

    fn employee_token(&self) -> (SessionId, String) {
        let (session, principal) = employee();
        (session, self.token("old", &OLD_SEED, &principal))
    }

    /// Calls `path` and gives who the handler saw, or the reason it was not reached.
    async fn call(
        &self,
        path: &str,
        authorization: Option<&str>,
    ) -> Result<Option<Caller>, ErrorReason> {
        let handler = tower::service_fn(|request: Request<Body>| async move {
            let mut response = Response::new(Body::default());
            response
                .extensions_mut()
                .extend(request.extensions().clone());
            Ok::<_, Infallible>(response)
        });
        let mut request = Request::builder().uri(path);
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let request = request.body(Body::default()).expect("a request");
        let mut service = self.layer.layer(handler);
        let response = service
            .ready()
            .await
            .expect("ready")
            .call(request)
            .await
            .expect("infallible");
        match Status::from_header_map(response.headers()) {
            Some(status) => Err(kit::refusal::reason_of(&status).expect("a reason of ours")),
            None => Ok(response.extensions().get::<Caller>().cloned()),
        }
    }

    async fn call_with(&self, token: &str) -> Result<Option<Caller>, ErrorReason> {
        self.call("/beseda.a.v1.A/Get", Some(&format!("Bearer {token}")))
            .await
    }

    async fn let_it_poll(&self) {
        for _ in 0..4 {
            tokio::time::advance(POLL).await;
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_handler_sees_who_calls() {
    let bench = bench();
    let (_, token) = bench.employee_token();
    let caller = bench
        .call_with(&token)
        .await
        .expect("admitted")
        .expect("a caller");
    assert_eq!(caller.bearer(), token);
    assert_eq!(caller.language(), Language::Ru);
    assert!(
        !format!("{caller:?}").contains(&token),
        "a token must not be printed"
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_good_token_the_handler_is_not_reached() {
    let bench = bench();
    let path = "/beseda.a.v1.A/Get";
    assert_eq!(
        bench.call(path, None).await.err(),
        Some(ErrorReason::TokenMissing)
    );
    for authorization in [
        "Basic eA==",
        "Bearer",
        "Bearer ",
        "Bearer a.b.c",
        "Bearer \u{e9}",
    ] {
        assert_eq!(
            bench.call(path, Some(authorization)).await.err(),
            Some(ErrorReason::TokenInvalid),
            "{authorization}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn open_paths_have_no_caller_and_need_no_token() {
    let bench = bench();
    for path in ["/beseda.a.v1.A/Open", "/grpc.health.v1.Health/Check"] {
        assert!(
            bench
                .call(path, Some("Bearer rubbish"))
                .await
                .expect("open")
                .is_none(),
            "{path}"
        );
    }
    for path in [
        "/beseda.a.v1.A/Opened",
        "/beseda.a.v1.A/open",
        "/grpc.health.v1.HealthX/Check",
    ] {
        assert_eq!(
            bench.call(path, None).await.err(),
            Some(ErrorReason::TokenMissing),
            "{path}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn internal_packages_are_for_services_only() {
    let bench = bench();
    let path = "/beseda.a.internal.v1.A/Get";
    let (_, token) = bench.employee_token();
    assert_eq!(
        bench
            .call(path, Some(&format!("Bearer {token}")))
            .await
            .err(),
        Some(ErrorReason::PermissionMissing)
    );
    let service = bench.token(
        "old",
        &OLD_SEED,
        &Principal::Service {
            name: "gateway".to_owned(),
        },
    );
    let caller = bench
        .call(path, Some(&format!("bearer {service}")))
        .await
        .expect("admitted")
        .expect("a caller");
    assert!(caller.scope().is_err(), "a service belongs to no account");
}

#[tokio::test(start_paused = true)]
async fn an_ended_session_is_refused_after_the_next_poll() {
    let bench = bench();
    let (session, token) = bench.employee_token();
    let caller = bench
        .call_with(&token)
        .await
        .expect("admitted")
        .expect("a caller");
    assert!(caller.check_session().is_ok());
    bench
        .fake
        .set(|identity| identity.ended.push(session.uuid()));
    bench.let_it_poll().await;
    assert_eq!(
        bench.call_with(&token).await.err(),
        Some(ErrorReason::SessionEnded)
    );
    assert!(
        caller.check_session().is_err(),
        "an open stream learns of it, too"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_that_says_what_is_no_longer_true_must_be_refreshed() {
    let bench = bench();
    let (_, token) = bench.employee_token();
    assert!(bench.call_with(&token).await.is_ok());
    bench.fake.set(|identity| identity.ended.push(VERSION));
    bench.let_it_poll().await;
    assert_eq!(
        bench.call_with(&token).await.err(),
        Some(ErrorReason::TokenExpired)
    );
}

#[tokio::test(start_paused = true)]
async fn a_remembered_token_still_expires() {
    let bench = bench();
    let (_, token) = bench.employee_token();
    assert!(bench.call_with(&token).await.is_ok());
    bench.clock.advance(LIFE);
    assert_eq!(
        bench.call_with(&token).await.err(),
        Some(ErrorReason::TokenExpired)
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_fetched_when_a_token_names_it() {
    let bench = bench();
    let (_, old) = bench.employee_token();
    assert!(bench.call_with(&old).await.is_ok());
    let new = bench.token("new", &NEW_SEED, &employee().1);
    assert_eq!(
        bench.call_with(&new).await.err(),
        Some(ErrorReason::TokenInvalid)
    );
    bench
        .fake
        .set(|identity| identity.keys.push(("new", NEW_SEED)));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(bench.call_with(&new).await.is_ok());
    assert!(
        bench.call_with(&old).await.is_ok(),
        "the old key is still published"
    );
}

#[tokio::test(start_paused = true)]
async fn made_up_key_ids_do_not_become_load() {
    let bench = bench();
    let (_, principal) = employee();
    assert!(bench.call_with(&bench.employee_token().1).await.is_ok());
    let before = bench.fake.asked_for_keys.load(Ordering::Relaxed);
    for number in 0..100 {
        let token = bench.token(&format!("made-up-{number}"), &NEW_SEED, &principal);
        assert_eq!(
            bench.call_with(&token).await.err(),
            Some(ErrorReason::TokenInvalid)
        );
    }
    assert!(bench.fake.asked_for_keys.load(Ordering::Relaxed) <= before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_key_takes_its_remembered_tokens_with_it() {
    let bench = bench();
    let (_, token) = bench.employee_token();
    assert!(bench.call_with(&token).await.is_ok());
    bench
        .fake
        .set(|identity| identity.keys = vec![("new", NEW_SEED)]);
    tokio::time::advance(Duration::from_secs(60)).await;
    bench.let_it_poll().await;
    assert_eq!(
        bench.call_with(&token).await.err(),
        Some(ErrorReason::TokenInvalid)
    );
}

#[tokio::test(start_paused = true)]
async fn a_verifier_that_never_heard_of_identity_refuses() {
    let fake = Fake::default();
    fake.set(|identity| identity.away = true);
    let life = Lifecycle::new();
    let verifier = Verifier::with_source(fake, Clock::system(), &life);
    let refusal = verifier.verify("a.b.c").await.expect_err("refused");
    assert_eq!(refusal.reason(), ErrorReason::ServiceUnavailable);
}

#[tokio::test(start_paused = true)]
async fn without_identity_known_tokens_live_on_for_a_tokens_life_only() {
    let bench = bench();
    let (_, token) = bench.employee_token();
    assert!(bench.call_with(&token).await.is_ok());
    bench.fake.set(|identity| identity.away = true);
    tokio::time::advance(LIFE - Duration::from_secs(10)).await;
    bench.let_it_poll().await;
    assert!(bench.call_with(&token).await.is_ok());
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(
        bench.call_with(&token).await.err(),
        Some(ErrorReason::ServiceUnavailable)
    );
    bench.fake.set(|identity| identity.away = false);
    bench.let_it_poll().await;
    assert!(
        bench.call_with(&token).await.is_ok(),
        "it recovers by itself"
    );
    bench.life.stop();
}
