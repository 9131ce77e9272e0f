use api::error::v1::ErrorReason;
use api::identity::v1::audit_service_client::AuditServiceClient;
use api::identity::v1::{
    Account, DeleteGroupRequest, Group, KillSessionRequest, ListAuditEntriesRequest,
    RevokeApiKeyRequest, Role, SetPasswordRequest, UpdateAccountRequest, UpdateGroupRequest,
    UpdateUserRequest, User,
};
use sqlx::Executor;

use crate::app::{PASSWORD, TestApp, reason};

#[tokio::test(flavor = "multi_thread")]
async fn every_administrative_change_is_in_the_log_without_secrets() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let boris = anna.add("boris@example.com", Role::Manager).await;
    let session = app
        .log_in("boris@example.com")
        .await
        .tokens
        .session_id
        .clone();
    let group = anna.add_group("Продажи").await;
    let renamed = Group {
        id: group.id.clone(),
        name: "Опт".to_owned(),
        ..Group::default()
    };
    let update = UpdateGroupRequest {
        group: Some(renamed),
        update_mask: None,
    };
    anna.groups()
        .update_group(anna.with(update))
        .await
        .expect("renamed");
    anna.groups()
        .delete_group(anna.with(DeleteGroupRequest {
            group_id: group.id.clone(),
        }))
        .await
        .expect("deleted");
    let (key, secret) = anna.add_key(&["inbox.read"]).await.expect("a key");
    let revoke = RevokeApiKeyRequest {
        api_key_id: key.id.clone(),
    };
    anna.api_keys()
        .revoke_api_key(anna.with(revoke))
        .await
        .expect("revoked");
    let kill = KillSessionRequest {
        session_id: session.clone(),
    };
    anna.sessions()
        .kill_session(anna.with(kill))
        .await
        .expect("killed");
    let user = User {
        id: boris.id.clone(),
        name: "Боря".to_owned(),
        ..User::default()
    };
    let update = UpdateUserRequest {
        user: Some(user),
        update_mask: None,
    };
    anna.users()
        .update_user(anna.with(update))
        .await
        .expect("changed");
    let set = SetPasswordRequest {
        user_id: boris.id.clone(),
        new_password: "another long phrase".to_owned(),
        ..SetPasswordRequest::default()
    };
    anna.users()
        .set_password(anna.with(set))
        .await
        .expect("set");
    let account = Account {
        title: "Лютик".to_owned(),
        ..Account::default()
    };
    let update = UpdateAccountRequest {
        account: Some(account),
        update_mask: None,
    };
    anna.accounts()
        .update_account(anna.with(update))
        .await
        .expect("changed");

    let entries = anna.audit().await;
    let account = anna.account.to_string();
    let told: Vec<_> = entries
        .iter()
        .rev()
        .map(|entry| (entry.action.as_str(), entry.target_id.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("account.create", account.as_str()),
            ("user.create", anna.user.id.as_str()),
            ("user.create", boris.id.as_str()),
            ("group.create", group.id.as_str()),
            ("group.update", group.id.as_str()),
            ("group.delete", group.id.as_str()),
            ("api_key.create", key.id.as_str()),
            ("api_key.revoke", key.id.as_str()),
            ("session.kill", session.as_str()),
            ("user.update", boris.id.as_str()),
            ("user.set_password", boris.id.as_str()),
            ("account.update", account.as_str()),
        ]
    );
    let (made, later) = entries.split_at(entries.len() - 2);
    assert!(later.iter().all(|entry| entry.actor_id == "operator"));
    assert!(made.iter().all(|entry| entry.actor_id == anna.user.id));
    let renamed: serde_json::Value = serde_json::from_str(&entries[2].changes_json).expect("JSON");
    assert_eq!(
        renamed,
        serde_json::json!({ "name": { "before": "Борис", "after": "Боря" } })
    );
    for entry in &entries {
        for told in [PASSWORD, "another long phrase", "argon2", secret.as_str()] {
            assert!(!entry.changes_json.contains(told), "{entry:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_leaves_no_entry() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let before = anna.audit().await.len();
    let demoted = User {
        id: anna.user.id.clone(),
        role: Role::Manager.into(),
        ..User::default()
    };
    let update = UpdateUserRequest {
        user: Some(demoted),
        update_mask: None,
    };
    anna.users()
        .update_user(anna.with(update))
        .await
        .expect_err("the last administrator");
    let same = User {
        id: anna.user.id.clone(),
        name: anna.user.name.clone(),
        ..User::default()
    };
    let update = UpdateUserRequest {
        user: Some(same),
        update_mask: None,
    };
    anna.users()
        .update_user(anna.with(update))
        .await
        .expect("nothing to change");
    assert_eq!(anna.audit().await.len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_for_administrators_and_comes_in_pages() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    anna.add("boris@example.com", Role::Manager).await;
    let boris = app.log_in("boris@example.com").await;
    let mut log = AuditServiceClient::new(app.channel.clone());
    let refused = log
        .list_audit_entries(boris.with(ListAuditEntriesRequest::default()))
        .await
        .expect_err("a manager");
    assert_eq!(reason(&refused), ErrorReason::PermissionMissing);
    let first = ListAuditEntriesRequest {
        page_size: 2,
        ..ListAuditEntriesRequest::default()
    };
    let page = log
        .list_audit_entries(anna.with(first))
        .await
        .expect("a page")
        .into_inner();
    assert_eq!(
        (page.entries.len(), page.entries[0].action.as_str()),
        (2, "user.create")
    );
    let second = ListAuditEntriesRequest {
        page_size: 2,
        page_token: page.next_page_token,
    };
    let page = log
        .list_audit_entries(anna.with(second))
        .await
        .expect("a page")
        .into_inner();
    assert_eq!(
        (page.entries.len(), page.entries[0].action.as_str()),
        (1, "account.create")
    );
    assert!(page.next_page_token.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn not_even_the_service_can_rewrite_the_log() {
    let app = TestApp::start().await;
    app.account("anna@example.com").await;
    let mut owner = app.db.owner().await;
    for statement in [
        "SET ROLE beseda_identity; UPDATE identity.audit_entries SET actor = 'x'",
        "SET ROLE beseda_identity; DELETE FROM identity.audit_entries",
    ] {
        let refused = owner.execute(statement).await.expect_err("refused");
        let code = refused
            .as_database_error()
            .and_then(|error| error.code())
            .map(|code| code.into_owned());
        assert_eq!(code.as_deref(), Some("42501"), "{refused}");
    }
}
