use api::error::v1::ErrorReason;
use api::identity::v1::{
    CreateUserRequest, GetCallerRequest, GetUserRequest, ListUsersRequest, RefreshSessionRequest,
    Role, UpdateUserRequest, User,
};
use prost_types::FieldMask;
use tonic::Status;
use types::{GroupId, new_uuid};

use crate::app::{Caller, PASSWORD, TestApp, new_user, reason};

async fn update(caller: &Caller, user: User, paths: &[&str]) -> Result<User, Status> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = UpdateUserRequest {
        user: Some(user),
        update_mask: Some(FieldMask { paths }),
    };
    let reply = caller.users().update_user(caller.with(request)).await?;
    Ok(reply.into_inner().user.expect("a user"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_a_manager_unless_said_otherwise_and_can_be_read() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let boris = anna.add("boris@example.com", Role::Unspecified).await;
    assert_eq!((boris.role(), boris.active), (Role::Manager, true));
    let read = anna
        .users()
        .get_user(anna.with(GetUserRequest {
            user_id: boris.id.clone(),
        }))
        .await;
    assert_eq!(read.expect("a user").into_inner().user, Some(boris));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_belongs_to_one_user_of_the_installation() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    app.account("vera@example.org").await;
    for email in ["anna@example.com", "VERA@example.org"] {
        let refused = anna
            .create_user(new_user(email, Role::Manager))
            .await
            .expect_err("taken");
        assert_eq!(reason(&refused), ErrorReason::EmailTaken, "{email}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_a_new_user_are_checked_all_at_once() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let user = User {
        email: "no address".to_owned(),
        name: "a\nb".to_owned(),
        role: 77,
        group_id: "user_1".to_owned(),
        language: "russian!".to_owned(),
        ..User::default()
    };
    let request = CreateUserRequest {
        user: Some(user),
        password: PASSWORD.to_owned(),
        request_id: "1".to_owned(),
    };
    let refused = anna.create_user(request).await.expect_err("refused");
    assert_eq!(reason(&refused), ErrorReason::FieldInvalid);
    let details = tonic_types::StatusExt::get_error_details(&refused);
    let fields: Vec<_> = details
        .bad_request()
        .expect("violations")
        .field_violations
        .iter()
        .map(|it| it.field.as_str())
        .collect();
    let all = [
        "user.email",
        "user.name",
        "user.role",
        "user.group_id",
        "user.language",
        "request_id",
    ];
    assert_eq!(fields, all);
    let weak = CreateUserRequest {
        password: "1234567890".to_owned(),
        ..new_user("b@example.com", Role::Manager)
    };
    assert_eq!(
        reason(&anna.create_user(weak).await.expect_err("refused")),
        ErrorReason::FieldInvalid
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_create_gives_the_same_user() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let request = CreateUserRequest {
        request_id: new_uuid().to_string(),
        ..new_user("boris@example.com", Role::Manager)
    };
    let (one, other) = tokio::join!(
        anna.create_user(request.clone()),
        anna.create_user(request.clone())
    );
    assert_eq!(one.expect("a user"), other.expect("the same user"));
    let changed = CreateUserRequest {
        password: "another long phrase".to_owned(),
        ..request
    };
    let refused = anna
        .create_user(changed)
        .await
        .expect_err("another request");
    assert_eq!(reason(&refused), ErrorReason::RequestIdReused);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_come_in_pages_and_by_group() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let group = anna.add_group("Продажи").await;
    for number in 0..4 {
        let mut request = new_user(&format!("user{number}@example.com"), Role::Manager);
        if let Some(user) = &mut request.user {
            user.group_id = if number < 3 {
                group.id.clone()
            } else {
                String::new()
            };
        }
        anna.create_user(request).await.expect("a user");
    }
    let first = ListUsersRequest {
        page_size: 2,
        group_id: group.id.clone(),
        ..ListUsersRequest::default()
    };
    let page = anna
        .users()
        .list_users(anna.with(first.clone()))
        .await
        .expect("a page")
        .into_inner();
    assert_eq!(page.users.len(), 2);
    let second = ListUsersRequest {
        page_token: page.next_page_token.clone(),
        ..first.clone()
    };
    let page = anna
        .users()
        .list_users(anna.with(second.clone()))
        .await
        .expect("a page")
        .into_inner();
    assert_eq!((page.users.len(), page.next_page_token.as_str()), (1, ""));
    let elsewhere = ListUsersRequest {
        group_id: String::new(),
        ..second
    };
    let refused = anna
        .users()
        .list_users(anna.with(elsewhere))
        .await
        .expect_err("another list");
    assert_eq!(reason(&refused), ErrorReason::PageTokenMismatch);
    let negative = ListUsersRequest {
        page_size: -1,
        ..first
    };
    let refused = anna
        .users()
        .list_users(anna.with(negative))
        .await
        .expect_err("negative");
    assert_eq!(reason(&refused), ErrorReason::FieldInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_changes_what_the_mask_names() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let boris = anna.add("boris@example.com", Role::Manager).await;
    let group = anna.add_group("Продажи").await;
    let user = User {
        id: boris.id.clone(),
        group_id: group.id.clone(),
        name: "Не он".to_owned(),
        ..User::default()
    };
    let changed = update(&anna, user, &["group_id"]).await.expect("changed");
    assert_eq!(
        (changed.name.as_str(), changed.group_id.as_str()),
        ("Борис", group.id.as_str())
    );
    let user = User {
        id: boris.id.clone(),
        etag: boris.etag.clone(),
        name: "Боря".to_owned(),
        ..User::default()
    };
    let stale = update(&anna, user.clone(), &[]).await.expect_err("stale");
    assert_eq!(reason(&stale), ErrorReason::EtagMismatch);
    let fresh = User {
        etag: changed.etag,
        ..user
    };
    assert_eq!(
        update(&anna, fresh, &[]).await.expect("changed").name,
        "Боря"
    );
    let none = User {
        id: boris.id.clone(),
        group_id: String::new(),
        ..User::default()
    };
    assert_eq!(
        update(&anna, none, &["group_id"])
            .await
            .expect("changed")
            .group_id,
        ""
    );
    let unknown = User {
        id: boris.id.clone(),
        group_id: GroupId::generate().to_string(),
        ..User::default()
    };
    assert_eq!(
        reason(&update(&anna, unknown, &[]).await.expect_err("no group")),
        ErrorReason::GroupNotFound
    );
    let output_only = User {
        id: boris.id,
        email: "x@example.com".to_owned(),
        ..User::default()
    };
    let refused = update(&anna, output_only, &["email"])
        .await
        .expect_err("fixed");
    assert_eq!(reason(&refused), ErrorReason::FieldInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let demoted = |id: &str| User {
        id: id.to_owned(),
        role: Role::Manager.into(),
        ..User::default()
    };
    let switched_off = User {
        id: anna.user.id.clone(),
        active: false,
        ..User::default()
    };
    let refused = update(&anna, demoted(&anna.user.id), &["role"])
        .await
        .expect_err("the last");
    assert_eq!(reason(&refused), ErrorReason::LastAdministrator);
    let refused = update(&anna, switched_off, &["active"])
        .await
        .expect_err("the last");
    assert_eq!(reason(&refused), ErrorReason::LastAdministrator);
    let vera = anna.add("vera@example.com", Role::Administrator).await;
    // Both leave at once: one has to stay.
    let both = tokio::join!(
        update(&anna, demoted(&anna.user.id), &["role"]),
        update(&anna, demoted(&vera.id), &["role"])
    );
    assert_eq!(
        [both.0.is_ok(), both.1.is_ok()]
            .iter()
            .filter(|left| **left)
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_role_takes_effect_at_once_and_the_session_goes_on() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    anna.add("vera@example.com", Role::Administrator).await;
    let vera = app.log_in("vera@example.com").await;
    let demoted = User {
        id: vera.user.id.clone(),
        role: Role::Manager.into(),
        ..User::default()
    };
    update(&anna, demoted, &["role"]).await.expect("demoted");
    assert_eq!(app.refusal_of(&vera).await, ErrorReason::TokenExpired);
    let request = RefreshSessionRequest {
        refresh_token: vera.tokens.refresh_token.clone(),
    };
    let tokens = vera
        .sessions()
        .refresh_session(request)
        .await
        .expect("refreshed")
        .into_inner()
        .tokens;
    let vera = app.caller(&tokens.expect("tokens").access_token);
    assert!(
        vera.sessions()
            .get_caller(vera.with(GetCallerRequest {}))
            .await
            .is_ok()
    );
    let refused = vera
        .create_user(new_user("gleb@example.com", Role::Manager))
        .await
        .expect_err("a manager now");
    assert_eq!(reason(&refused), ErrorReason::PermissionMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn switching_a_user_off_ends_the_sessions() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    anna.add("boris@example.com", Role::Manager).await;
    let boris = app.log_in("boris@example.com").await;
    let off = User {
        id: boris.user.id.clone(),
        ..User::default()
    };
    update(&anna, off, &["active"]).await.expect("switched off");
    assert_eq!(app.refusal_of(&boris).await, ErrorReason::SessionEnded);
    let request = RefreshSessionRequest {
        refresh_token: boris.tokens.refresh_token.clone(),
    };
    let refused = boris
        .sessions()
        .refresh_session(request)
        .await
        .expect_err("over");
    assert_eq!(reason(&refused), ErrorReason::SessionEnded);
}
