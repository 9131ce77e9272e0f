//! The chat window inside the company's CRM.

use api::error::v1::ErrorReason;
use api::identity::v1::{
    BeginCrmSessionRequest, BeginCrmSessionResponse, CrmWidget, GetCallerRequest,
    GetCrmWidgetRequest, InstallCrmWidgetRequest, IssueClientTokenRequest, RefreshSessionRequest,
    RevokeApiKeyRequest, Role, UninstallCrmWidgetRequest, UpdateUserRequest, User,
};
use tonic::Status;

use crate::app::{Caller, PASSWORD, TestApp, reason};

async fn install(caller: &Caller) -> Result<(CrmWidget, String), Status> {
    let request = caller.with(InstallCrmWidgetRequest {});
    let reply = caller.crm_widgets().install_crm_widget(request).await?;
    let reply = reply.into_inner();
    Ok((reply.crm_widget.expect("a widget"), reply.secret))
}

async fn installed(caller: &Caller) -> CrmWidget {
    let request = caller.with(GetCrmWidgetRequest {});
    let reply = caller.crm_widgets().get_crm_widget(request).await;
    reply
        .expect("an answer")
        .into_inner()
        .crm_widget
        .expect("a widget")
}

/// The CRM's backend, which has the secret of an installed widget.
async fn crm(app: &TestApp, administrator: &Caller) -> Caller {
    let (widget, secret) = install(administrator).await.expect("installed");
    backend(app, &widget, &secret).await.expect("a token")
}

async fn backend(app: &TestApp, widget: &CrmWidget, secret: &str) -> Result<Caller, Status> {
    let request = IssueClientTokenRequest {
        client_id: widget.api_key_id.clone(),
        client_secret: secret.to_owned(),
    };
    let reply = app
        .caller("")
        .sessions()
        .issue_client_token(request)
        .await?;
    Ok(app.caller(&reply.into_inner().access_token))
}

fn person(email: &str, language: &str) -> BeginCrmSessionRequest {
    BeginCrmSessionRequest {
        email: email.to_owned(),
        name: "Вера".to_owned(),
        language: language.to_owned(),
        device: "CRM".to_owned(),
    }
}

async fn begin(
    crm: &Caller,
    request: BeginCrmSessionRequest,
) -> Result<BeginCrmSessionResponse, Status> {
    let reply = crm.sessions().begin_crm_session(crm.with(request)).await?;
    Ok(reply.into_inner())
}

fn token(begun: &BeginCrmSessionResponse) -> &str {
    &begun.tokens.as_ref().expect("tokens").access_token
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_opens_the_window_for_the_first_time_becomes_a_manager() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let crm = crm(&app, &anna).await;
    let first = begin(&crm, person("vera@example.com", "es"))
        .await
        .expect("begun");
    let user = first.user.clone().expect("a user");
    assert!(first.created);
    assert_eq!(user.role(), Role::Manager);
    assert_eq!(
        (&user.email[..], &user.name[..], &user.language[..]),
        ("vera@example.com", "Вера", "es")
    );
    let again = BeginCrmSessionRequest {
        name: "Вера Иванова".to_owned(),
        ..person("VERA@example.com", "es")
    };
    let again = begin(&crm, again).await.expect("begun");
    assert!(!again.created);
    assert_eq!(again.user, Some(user.clone()));
    // A session like any other, of a person who has no password yet.
    let vera = app.caller(token(&first));
    let who = vera
        .sessions()
        .get_caller(vera.with(GetCallerRequest {}))
        .await;
    assert_eq!(who.expect("a caller").into_inner().user, Some(user.clone()));
    let refused = app.try_log_in("vera@example.com", PASSWORD).await;
    assert_eq!(
        reason(&refused.expect_err("no password")),
        ErrorReason::CredentialsInvalid
    );
    let entries = anna.audit().await;
    let entry = entries.iter().find(|entry| entry.target_id == user.id);
    assert_eq!(entry.map(|entry| &entry.action[..]), Some("user.create"));
}

#[tokio::test(flavor = "multi_thread")]
async fn first_openings_at_the_same_time_create_one_employee() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let crm = crm(&app, &anna).await;
    let openings = (0..8).map(|_| begin(&crm, person("vera@example.com", "")));
    let begun = futures::future::join_all(openings).await;
    let begun: Vec<_> = begun
        .into_iter()
        .map(|begun| begun.expect("begun"))
        .collect();
    let ids: std::collections::HashSet<_> = begun
        .iter()
        .map(|begun| begun.user.clone().expect("a user").id)
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(begun.iter().filter(|begun| begun.created).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_key_of_the_widget_begins_sessions() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let refused = begin(&anna, person("vera@example.com", "")).await;
    assert_eq!(
        reason(&refused.expect_err("an administrator")),
        ErrorReason::PermissionMissing
    );
    let refused = anna.add_key(&["sessions.begin"]).await;
    assert_eq!(
        reason(&refused.expect_err("not by hand")),
        ErrorReason::FieldInvalid
    );
    let (key, secret) = anna.add_key(&["settings.write"]).await.expect("a key");
    let widget = CrmWidget {
        api_key_id: key.id,
        ..CrmWidget::default()
    };
    let program = backend(&app, &widget, &secret).await.expect("a token");
    let refused = begin(&program, person("vera@example.com", "")).await;
    assert_eq!(
        reason(&refused.expect_err("another key")),
        ErrorReason::ScopeMissing
    );
    let refused = install(&program).await.expect_err("no person");
    assert_eq!(reason(&refused), ErrorReason::PermissionMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_widget_is_installed_from_beseda_and_not_from_inside_the_crm() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    assert_eq!(installed(&anna).await, CrmWidget::default());
    let crm = crm(&app, &anna).await;
    let shown = installed(&crm).await;
    assert!(shown.installed);
    assert_eq!(shown.user_id, anna.user.id);
    let inside = begin(&crm, person("anna@example.com", ""))
        .await
        .expect("begun");
    assert_eq!(
        inside.user.as_ref().map(User::role),
        Some(Role::Administrator)
    );
    let inside = app.caller(token(&inside));
    let refused = install(&inside).await.expect_err("inside the CRM");
    assert_eq!(reason(&refused), ErrorReason::LogInRequired);
    let request = inside.with(UninstallCrmWidgetRequest {});
    let refused = inside.crm_widgets().uninstall_crm_widget(request).await;
    assert_eq!(
        reason(&refused.expect_err("inside the CRM")),
        ErrorReason::LogInRequired
    );
    anna.add("boris@example.com", Role::Manager).await;
    let boris = app.log_in("boris@example.com").await;
    let refused = install(&boris).await.expect_err("a manager");
    assert_eq!(reason(&refused), ErrorReason::PermissionMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_widget_its_key_and_its_sessions_are_refused() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let (first, secret) = install(&anna).await.expect("installed");
    let crm = backend(&app, &first, &secret).await.expect("a token");
    let vera = begin(&crm, person("vera@example.com", ""))
        .await
        .expect("begun");
    let vera = app.caller(token(&vera));
    // Installed again it has another key.
    let (second, _) = install(&anna).await.expect("installed again");
    assert_ne!(second.api_key_id, first.api_key_id);
    assert_eq!(app.refusal_of(&crm).await, ErrorReason::SessionEnded);
    assert_eq!(app.refusal_of(&vera).await, ErrorReason::SessionEnded);
    let refused = backend(&app, &first, &secret)
        .await
        .err()
        .expect("the old key");
    assert_eq!(reason(&refused), ErrorReason::CredentialsInvalid);
    assert_eq!(installed(&anna).await, second);
    for _ in 0..2 {
        let request = anna.with(UninstallCrmWidgetRequest {});
        let gone = anna.crm_widgets().uninstall_crm_widget(request).await;
        gone.expect("taken away, or there was none");
    }
    assert!(!installed(&anna).await.installed);
    // Revoking the key takes the widget away as well.
    let (third, _) = install(&anna).await.expect("installed");
    let revoke = RevokeApiKeyRequest {
        api_key_id: third.api_key_id,
    };
    anna.api_keys()
        .revoke_api_key(anna.with(revoke))
        .await
        .expect("revoked");
    assert!(!installed(&anna).await.installed);
    // Whoever logged in by themselves stays.
    assert!(install(&anna).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_changed_in_the_crm_outdates_the_tokens_of_all_sessions() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let crm = crm(&app, &anna).await;
    let first = begin(&crm, person("vera@example.com", "ru"))
        .await
        .expect("begun");
    let same = begin(&crm, person("vera@example.com", ""))
        .await
        .expect("begun");
    assert_eq!(same.user.expect("a user").language, "ru");
    let other = begin(&crm, person("vera@example.com", "es-MX"))
        .await
        .expect("begun");
    assert_eq!(other.user.clone().expect("a user").language, "es-MX");
    let old = app.caller(token(&first));
    assert_eq!(app.refusal_of(&old).await, ErrorReason::TokenExpired);
    let request = RefreshSessionRequest {
        refresh_token: first.tokens.expect("tokens").refresh_token,
    };
    let next = app.caller("").sessions().refresh_session(request).await;
    next.expect("the session goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_those_who_are_switched_off_do_not_come_in() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    app.account("olga@other.example").await;
    let crm = crm(&app, &anna).await;
    let refused = begin(&crm, person("olga@other.example", "")).await;
    assert_eq!(
        reason(&refused.expect_err("another account's")),
        ErrorReason::EmailTaken
    );
    let boris = anna.add("boris@example.com", Role::Manager).await;
    let off = UpdateUserRequest {
        user: Some(User {
            id: boris.id,
            ..User::default()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["active".to_owned()],
        }),
    };
    anna.users().update_user(anna.with(off)).await.expect("off");
    let refused = begin(&crm, person("boris@example.com", "")).await;
    assert_eq!(
        reason(&refused.expect_err("switched off")),
        ErrorReason::UserSwitchedOff
    );
    for wrong in [
        person("nobody", ""),
        person("v@example.com", "klingon!"),
        BeginCrmSessionRequest {
            name: String::new(),
            ..person("v@example.com", "")
        },
    ] {
        let refused = begin(&crm, wrong).await.expect_err("refused");
        assert_eq!(reason(&refused), ErrorReason::FieldInvalid);
    }
}
