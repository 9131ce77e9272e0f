//! The chat window inside the company's CRM.

use api::conversations::v1::chat_service_client::ChatServiceClient;
use api::conversations::v1::{
    ConversationMode, OpenWindowRequest, OpenWindowResponse, WindowPlace,
};
use api::error::v1::ErrorReason;
use api::identity::v1::session_service_client::SessionServiceClient;
use api::identity::v1::{
    Account, BeginCrmSessionRequest, BeginCrmSessionResponse, RefreshSessionRequest,
    UpdateAccountRequest, account_service_client::AccountServiceClient,
};
use integration_tests::actors::Admin;
use integration_tests::calls::{reason, with_token};
use testkit::wait_for;
use tonic::Status;

use super::office;

/// The CRM's backend opens the window for somebody who has set this language there.
async fn begin(
    admin: &Admin,
    secret: &str,
    email: &str,
    language: &str,
) -> BeginCrmSessionResponse {
    let request = BeginCrmSessionRequest {
        email: email.to_owned(),
        name: "Вера".to_owned(),
        language: language.to_owned(),
        device: "CRM".to_owned(),
    };
    let begun = admin
        .sessions()
        .begin_crm_session(with_token(secret, request))
        .await;
    begun.expect("begun").into_inner()
}

async fn open(admin: &Admin, token: &str) -> Result<OpenWindowResponse, Status> {
    let request = OpenWindowRequest {
        place: WindowPlace::LeftMenu.into(),
        ..Default::default()
    };
    let opened = ChatServiceClient::new(admin.channel())
        .open_window(with_token(token, request))
        .await;
    Ok(opened?.into_inner())
}

/// The window as it opens once everything has heard of the employee.
async fn opened(admin: &Admin, token: &str) -> OpenWindowResponse {
    wait_for("the window opens", async || open(admin, token).await.ok()).await
}

fn access(begun: &BeginCrmSessionResponse) -> &str {
    &begun.tokens.as_ref().expect("tokens").access_token
}

#[tokio::test]
async fn an_installed_widget_works_at_once_in_the_language_of_the_crm() {
    let (cluster, admin, _) = office(ConversationMode::NewAfterClose).await;
    let secret = admin.crm_widget().await;
    for (place, (crm, window)) in [
        ("ru", "ru"),
        ("ru-RU", "ru"),
        ("es", "es"),
        ("es-MX", "es"),
        ("en", "en"),
        ("de", "en"),
    ]
    .into_iter()
    .enumerate()
    {
        let begun = begin(&admin, &secret, &format!("p{place}@office.example"), crm).await;
        assert!(begun.created);
        let shown = opened(&admin, access(&begun)).await;
        assert_eq!(shown.language, window, "a CRM in {crm}");
    }
    drop(cluster);
}

#[tokio::test]
async fn the_window_follows_the_language_of_the_crm() {
    let (cluster, admin, _) = office(ConversationMode::NewAfterClose).await;
    let secret = admin.crm_widget().await;
    let first = begin(&admin, &secret, "vera@office.example", "ru").await;
    assert_eq!(opened(&admin, access(&first)).await.language, "ru");
    begin(&admin, &secret, "vera@office.example", "es").await;
    // The window that was open learns it by its refused token.
    let refused = wait_for("the old token is refused", async || {
        open(&admin, access(&first)).await.err()
    });
    assert_eq!(reason(&refused.await), ErrorReason::TokenExpired);
    let request = RefreshSessionRequest {
        refresh_token: first.tokens.expect("tokens").refresh_token,
    };
    let next = SessionServiceClient::new(admin.channel())
        .refresh_session(with_token("", request))
        .await;
    let next = next
        .expect("the session goes on")
        .into_inner()
        .tokens
        .expect("tokens");
    assert_eq!(opened(&admin, &next.access_token).await.language, "es");
    drop(cluster);
}

#[tokio::test]
async fn where_the_crm_reports_no_language_the_accounts_is_taken() {
    let (cluster, admin, _) = office(ConversationMode::NewAfterClose).await;
    let account = Account {
        language: "es".to_owned(),
        ..Default::default()
    };
    let request = UpdateAccountRequest {
        account: Some(account),
        update_mask: None,
    };
    let changed = AccountServiceClient::new(admin.channel())
        .update_account(admin.ask(request).await)
        .await;
    changed.expect("changed");
    let secret = admin.crm_widget().await;
    let begun = begin(&admin, &secret, "vera@office.example", "").await;
    assert_eq!(opened(&admin, access(&begun)).await.language, "es");
    drop(cluster);
}
