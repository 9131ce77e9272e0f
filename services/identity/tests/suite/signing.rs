use std::time::Duration;

use api::identity::internal::v1::GetJwksRequest;
use api::identity::v1::GetCallerRequest;
use identity::rotate_keys;

use crate::app::{Caller, PASSWORD, TestApp};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn key_ids(app: &TestApp) -> Vec<String> {
    let jwks = app
        .internal()
        .get_jwks(GetJwksRequest {})
        .await
        .expect("keys")
        .into_inner()
        .jwks_json;
    let jwks: serde_json::Value = serde_json::from_str(&jwks).expect("JSON");
    let keys = jwks["keys"].as_array().expect("a list");
    keys.iter()
        .map(|key| key["kid"].as_str().expect("a kid").to_owned())
        .collect()
}

async fn wait_for_keys(app: &TestApp, count: usize) -> Vec<String> {
    testkit::wait_for("the keys are published", async || {
        let ids = key_ids(app).await;
        (ids.len() == count).then_some(ids)
    })
    .await
}

async fn is_known(caller: &Caller) -> bool {
    caller
        .sessions()
        .get_caller(caller.with(GetCallerRequest {}))
        .await
        .is_ok()
}

/// Waits as a verifier may that has just asked for the keys.
async fn wait_until_known(app: &TestApp, token: &str) {
    let caller = app.caller(token);
    testkit::wait_for("the token is accepted", async || {
        is_known(&caller).await.then_some(())
    })
    .await;
}

async fn new_token(app: &TestApp) -> String {
    let reply = app
        .try_log_in("anna@example.com", PASSWORD)
        .await
        .expect("logged in");
    reply.tokens.expect("tokens").access_token
}

fn kid(token: &str) -> String {
    let header = token.split('.').next().expect("a header");
    let header = data_encoding::BASE64URL_NOPAD
        .decode(header.as_bytes())
        .expect("base64url");
    let header: serde_json::Value = serde_json::from_slice(&header).expect("JSON");
    header["kid"].as_str().expect("a kid").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_published_before_it_signs_and_the_old_one_until_its_tokens_are_dead() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let first = key_ids(&app).await;
    assert_eq!(first, [kid(&anna.token)]);
    app.clock.advance(DAY * 30 - Duration::from_secs(300));
    let both = wait_for_keys(&app, 2).await;
    app.clock.advance(Duration::from_secs(599));
    let last_of_old = new_token(&app).await;
    assert_eq!(kid(&last_of_old), first[0], "the new key does not sign yet");
    app.clock.advance(Duration::from_secs(2));
    let new = new_token(&app).await;
    assert_eq!(kid(&new), both[1]);
    wait_until_known(&app, &new).await;
    assert!(
        is_known(&app.caller(&last_of_old)).await,
        "the old key is still published"
    );
    app.clock.advance(Duration::from_secs(700));
    assert_eq!(wait_for_keys(&app, 1).await, [both[1].clone()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_rotates_at_once_but_not_twice() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let rotate = || rotate_keys(&app.operator, &MASTER, &app.clock);
    let activation = rotate().await.expect("rotated").expect("a new key");
    assert_eq!(activation, app.clock.now() + Duration::from_secs(600));
    assert_eq!(
        rotate().await.expect("an answer"),
        None,
        "one waits already"
    );
    app.clock.advance(Duration::from_secs(31));
    wait_for_keys(&app, 2).await;
    assert!(is_known(&anna).await);
}

static MASTER: std::sync::LazyLock<kit::secrets::MasterKey> =
    std::sync::LazyLock::new(testkit::master_key);
