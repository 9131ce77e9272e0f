use std::time::Duration;

use api::error::v1::ErrorReason;
use api::identity::internal::v1::ExchangeApiKeyRequest;
use api::identity::v1::{
    ApiKey, CreateApiKeyRequest, GetCallerRequest, IssueClientTokenRequest, ListApiKeysRequest,
    ListUsersRequest, LogOutRequest, RevokeApiKeyRequest, Role,
};
use types::ApiKeyId;

use crate::app::{Caller, TestApp, new_user, reason};
use crate::internal::service;

async fn program(app: &TestApp, key: &ApiKey, secret: &str) -> Result<Caller, tonic::Status> {
    let request = IssueClientTokenRequest {
        client_id: key.id.clone(),
        client_secret: secret.to_owned(),
    };
    let reply = app
        .caller("")
        .sessions()
        .issue_client_token(request)
        .await?
        .into_inner();
    assert_eq!(reply.scopes, key.scopes);
    Ok(app.caller(&reply.access_token))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gets_a_token_for_its_key_and_what_its_scopes_allow() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let (key, secret) = anna.add_key(&["inbox.read"]).await.expect("a key");
    let warehouse = program(&app, &key, &secret).await.expect("a token");
    let who = warehouse
        .sessions()
        .get_caller(warehouse.with(GetCallerRequest {}))
        .await
        .expect("a caller")
        .into_inner();
    assert_eq!(
        (who.account_id, who.user, who.scopes),
        (
            anna.account.to_string(),
            None,
            vec!["inbox.read".to_owned()]
        )
    );
    assert!(
        warehouse
            .users()
            .list_users(warehouse.with(ListUsersRequest::default()))
            .await
            .is_ok()
    );
    let refused = warehouse
        .create_user(new_user("b@example.com", Role::Manager))
        .await
        .expect_err("no scope");
    assert_eq!(reason(&refused), ErrorReason::ScopeMissing);
    let refused = warehouse
        .sessions()
        .log_out(warehouse.with(LogOutRequest {}))
        .await
        .expect_err("no session");
    assert_eq!(reason(&refused), ErrorReason::PermissionMissing);
    let (connector, secret) = anna.add_key(&["connector:telegram"]).await.expect("a key");
    let connector = program(&app, &connector, &secret).await.expect("a token");
    let refused = connector
        .users()
        .list_users(connector.with(ListUsersRequest::default()))
        .await;
    assert_eq!(
        reason(&refused.expect_err("a connector reads no directory")),
        ErrorReason::ScopeMissing
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_settings_write_administers_but_gives_no_more_than_it_has() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let (key, secret) = anna.add_key(&["settings.write"]).await.expect("a key");
    let installer = program(&app, &key, &secret).await.expect("a token");
    installer.add("boris@example.com", Role::Manager).await;
    assert_eq!(anna.audit().await[0].actor_id, key.id);
    assert!(installer.add_key(&["settings.write"]).await.is_ok());
    let refused = installer
        .add_key(&["settings.write", "inbox.read"])
        .await
        .expect_err("more than it has");
    assert_eq!(reason(&refused), ErrorReason::ScopeMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_exchanges_a_secret() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let (_, secret) = anna.add_key(&["inbox.read"]).await.expect("a key");
    let gateway = service(&app, "gateway").await;
    let request = |secret: &str| ExchangeApiKeyRequest {
        secret: secret.to_owned(),
    };
    let reply = app
        .internal()
        .exchange_api_key(gateway.with(request(&secret)))
        .await
        .expect("a token")
        .into_inner();
    let caller = app.caller(&reply.access_token);
    assert!(
        caller
            .sessions()
            .get_caller(caller.with(GetCallerRequest {}))
            .await
            .is_ok()
    );
    let wrong = format!(
        "{}{}",
        &secret[..secret.len() - 1],
        if secret.ends_with('A') { 'B' } else { 'A' }
    );
    for secret in [wrong.as_str(), "bsk_", "x"] {
        let refused = app
            .internal()
            .exchange_api_key(gateway.with(request(secret)))
            .await;
        assert_eq!(
            reason(&refused.expect_err("wrong")),
            ErrorReason::CredentialsInvalid,
            "{secret}"
        );
    }
    let refused = app
        .internal()
        .exchange_api_key(anna.with(request(&secret)))
        .await
        .expect_err("not a service");
    assert_eq!(reason(&refused), ErrorReason::PermissionMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_everywhere() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let (key, secret) = anna.add_key(&["inbox.read"]).await.expect("a key");
    let warehouse = program(&app, &key, &secret).await.expect("a token");
    let revoke = |id: &str| RevokeApiKeyRequest {
        api_key_id: id.to_owned(),
    };
    anna.api_keys()
        .revoke_api_key(anna.with(revoke(&key.id)))
        .await
        .expect("revoked");
    anna.api_keys()
        .revoke_api_key(anna.with(revoke(&key.id)))
        .await
        .expect("revoked before");
    assert_eq!(app.refusal_of(&warehouse).await, ErrorReason::SessionEnded);
    let refused = program(&app, &key, &secret).await.err().expect("revoked");
    assert_eq!(reason(&refused), ErrorReason::CredentialsInvalid);
    let left = anna
        .api_keys()
        .list_api_keys(anna.with(ListApiKeysRequest::default()))
        .await
        .expect("keys");
    assert!(left.into_inner().api_keys.is_empty());
    let unknown = ApiKeyId::generate().to_string();
    let refused = anna
        .api_keys()
        .revoke_api_key(anna.with(revoke(&unknown)))
        .await
        .expect_err("unknown");
    assert_eq!(reason(&refused), ErrorReason::ApiKeyNotFound);
    let revocations = anna
        .audit()
        .await
        .iter()
        .filter(|entry| entry.action == "api_key.revoke")
        .count();
    assert_eq!(revocations, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_outlives_its_key() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let end = app.clock.now() + Duration::from_secs(60);
    let key = ApiKey {
        name: "На минуту".to_owned(),
        scopes: vec!["inbox.read".to_owned()],
        expire_time: Some(kit::time::to_proto(end)),
        ..ApiKey::default()
    };
    let request = CreateApiKeyRequest { api_key: Some(key) };
    let made = anna
        .api_keys()
        .create_api_key(anna.with(request))
        .await
        .expect("a key")
        .into_inner();
    let key = made.api_key.expect("a key");
    let caller = program(&app, &key, &made.secret).await.expect("a token");
    app.clock.advance(Duration::from_secs(60));
    let refused = caller
        .sessions()
        .get_caller(caller.with(GetCallerRequest {}))
        .await
        .expect_err("over");
    assert_eq!(reason(&refused), ErrorReason::TokenExpired);
    let refused = program(&app, &key, &made.secret).await.err().expect("over");
    assert_eq!(reason(&refused), ErrorReason::CredentialsInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_a_key_are_checked() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let many: Vec<String> = (0..21)
        .map(|number| format!("connector:c{number}"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for scopes in [&[][..], &["everything"], &["connector:"], &many] {
        let refused = anna.add_key(scopes).await.expect_err("refused");
        assert_eq!(reason(&refused), ErrorReason::FieldInvalid, "{scopes:?}");
    }
}
