use api::error::v1::ErrorReason;
use api::identity::internal::v1::{
    GetAccountStateRequest, GetJwksRequest, IssueServiceTokenRequest, ListRevocationsRequest,
};
use api::identity::v1::{GetAccountRequest, LogOutRequest};
use auth::ServiceTokens;
use secrecy::ExposeSecret;
use types::AccountId;

use crate::app::{Caller, TestApp, reason};

/// One of our services, with its token.
pub async fn service(app: &TestApp, name: &'static str) -> Caller {
    let secret = testkit::master_key().service_secret(name);
    let tokens = ServiceTokens::new(app.channel.clone(), name, secret, app.clock.clone());
    let authorization = tokens.authorization().await.expect("a token");
    let text = authorization.to_str().expect("ASCII");
    app.caller(text.strip_prefix("Bearer ").expect("a bearer token"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_asks_for_the_state_of_an_account() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let conversations = service(&app, "conversations").await;
    let ask = |id: AccountId| GetAccountStateRequest {
        account_id: id.uuid().as_bytes().to_vec(),
    };
    let state = app
        .internal()
        .get_account_state(conversations.with(ask(anna.account)))
        .await
        .expect("a state");
    let state = state.into_inner();
    assert_eq!(
        (
            state.subscription_active,
            state.imbox_enabled,
            state.language.as_str(),
            state.message_search
        ),
        (true, false, "ru", true)
    );
    let nps = state.nps.expect("of the survey");
    assert_eq!((nps.enabled, nps.in_plan), (false, true));
    let unknown = app
        .internal()
        .get_account_state(conversations.with(ask(AccountId::generate())))
        .await;
    assert_eq!(
        reason(&unknown.expect_err("unknown")),
        ErrorReason::FieldInvalid
    );
    let refused = app
        .internal()
        .get_account_state(anna.with(ask(anna.account)))
        .await
        .expect_err("an employee");
    assert_eq!(reason(&refused), ErrorReason::PermissionMissing);
    let refused = conversations
        .accounts()
        .get_account(conversations.with(GetAccountRequest {}))
        .await;
    assert_eq!(
        reason(&refused.expect_err("a service has no account")),
        ErrorReason::PermissionMissing
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_needs_its_own_secret() {
    let app = TestApp::start().await;
    let secret = testkit::master_key().service_secret("gateway");
    for (service, secret) in [
        ("conversations", secret.expose_secret()),
        ("gateway", "guessed"),
    ] {
        let request = IssueServiceTokenRequest {
            service: service.to_owned(),
            secret: secret.to_owned(),
        };
        let refused = app
            .internal()
            .issue_service_token(request)
            .await
            .expect_err("refused");
        assert_eq!(
            reason(&refused),
            ErrorReason::CredentialsInvalid,
            "{service}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_revocations_are_told_without_a_token() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let jwks = app
        .internal()
        .get_jwks(GetJwksRequest {})
        .await
        .expect("keys")
        .into_inner()
        .jwks_json;
    let jwks: serde_json::Value = serde_json::from_str(&jwks).expect("JSON");
    let key = &jwks["keys"][0];
    assert_eq!(
        (
            key["kty"].as_str(),
            key["crv"].as_str(),
            key["alg"].as_str()
        ),
        (Some("OKP"), Some("Ed25519"), Some("EdDSA"))
    );
    assert!(key["d"].is_null(), "never the private half");
    let before = app
        .internal()
        .list_revocations(ListRevocationsRequest { cursor: 0 })
        .await
        .expect("none")
        .into_inner();
    assert!(before.subject_ids.is_empty());
    anna.sessions()
        .log_out(anna.with(LogOutRequest {}))
        .await
        .expect("logged out");
    for cursor in [before.cursor, 0, 1_000_000] {
        let after = app
            .internal()
            .list_revocations(ListRevocationsRequest { cursor })
            .await
            .expect("one")
            .into_inner();
        assert_eq!(
            (after.subject_ids.len(), after.cursor),
            (1, 1),
            "from {cursor}"
        );
    }
    let none = app
        .internal()
        .list_revocations(ListRevocationsRequest { cursor: 1 })
        .await
        .expect("none")
        .into_inner();
    assert_eq!((none.subject_ids.len(), none.cursor), (0, 1));
}
