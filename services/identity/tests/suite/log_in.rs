use api::error::v1::ErrorReason;
use api::identity::v1::{
    GetCallerRequest, KillSessionRequest, ListSessionsRequest, LogInRequest, LogOutRequest, Role,
    SetPasswordRequest, UpdateUserRequest, User,
};
use tonic::Code;
use types::SessionId;

use crate::app::{PASSWORD, TestApp, reason};

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_logs_in_and_is_known() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let who = anna
        .sessions()
        .get_caller(anna.with(GetCallerRequest {}))
        .await
        .expect("a caller")
        .into_inner();
    assert_eq!(who.account_id, anna.account.to_string());
    assert_eq!(who.user, Some(anna.user.clone()));
    assert_eq!(anna.user.role(), Role::Administrator);
}

#[tokio::test(flavor = "multi_thread")]
async fn capitals_in_the_address_do_not_matter() {
    let app = TestApp::start().await;
    app.account("anna@example.com").await;
    assert!(app.try_log_in(" ANNA@Example.COM", PASSWORD).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_unknown_and_switched_off_get_the_same_answer() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let boris = anna.add("boris@example.com", Role::Manager).await;
    let off = UpdateUserRequest {
        user: Some(User {
            id: boris.id,
            active: false,
            ..User::default()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["active".to_owned()],
        }),
    };
    anna.users()
        .update_user(anna.with(off))
        .await
        .expect("switched off");
    let mut answers = Vec::new();
    for (email, password) in [
        ("anna@example.com", "wrong password"),
        ("nobody@example.com", PASSWORD),
        ("no address at all", PASSWORD),
        ("boris@example.com", PASSWORD),
    ] {
        let status = app.try_log_in(email, password).await.expect_err("refused");
        answers.push((
            status.code(),
            status.message().to_owned(),
            status.details().to_vec(),
        ));
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    assert_eq!(answers[0].0, Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_log_in_are_checked() {
    let app = TestApp::start().await;
    let good = LogInRequest {
        email: "a@example.com".to_owned(),
        password: PASSWORD.to_owned(),
        device: String::new(),
    };
    let bad = [
        LogInRequest {
            email: String::new(),
            ..good.clone()
        },
        LogInRequest {
            email: "a".repeat(255),
            ..good.clone()
        },
        LogInRequest {
            password: String::new(),
            ..good.clone()
        },
        LogInRequest {
            password: "я".repeat(201),
            ..good.clone()
        },
        LogInRequest {
            device: "d".repeat(201),
            ..good.clone()
        },
        LogInRequest {
            device: "a\nb".to_owned(),
            ..good
        },
    ];
    for request in bad {
        let mut client = app.caller("").sessions();
        let status = client.log_in(request.clone()).await.expect_err("refused");
        assert_eq!(reason(&status), ErrorReason::FieldInvalid, "{request:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_log_out_the_token_is_refused() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let elsewhere = app.log_in("anna@example.com").await;
    anna.sessions()
        .log_out(anna.with(LogOutRequest {}))
        .await
        .expect("logged out");
    assert_eq!(app.refusal_of(&anna).await, ErrorReason::SessionEnded);
    let other = elsewhere
        .sessions()
        .get_caller(elsewhere.with(GetCallerRequest {}))
        .await;
    assert!(other.is_ok(), "the other session goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_and_kills_sessions_of_others() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    anna.add("boris@example.com", Role::Manager).await;
    let boris = app.log_in("boris@example.com").await;
    let list = ListSessionsRequest {
        user_id: boris.user.id.clone(),
        ..ListSessionsRequest::default()
    };
    let sessions = anna
        .sessions()
        .list_sessions(anna.with(list.clone()))
        .await
        .expect("sessions")
        .into_inner()
        .sessions;
    assert_eq!(sessions.len(), 1);
    assert_eq!(
        (sessions[0].id.as_str(), sessions[0].device.as_str()),
        (boris.tokens.session_id.as_str(), "Firefox")
    );
    let kill = KillSessionRequest {
        session_id: boris.tokens.session_id.clone(),
    };
    anna.sessions()
        .kill_session(anna.with(kill.clone()))
        .await
        .expect("killed");
    assert_eq!(app.refusal_of(&boris).await, ErrorReason::SessionEnded);
    anna.sessions()
        .kill_session(anna.with(kill))
        .await
        .expect("killing it again changes nothing");
    let kills = anna
        .audit()
        .await
        .iter()
        .filter(|entry| entry.action == "session.kill")
        .count();
    assert_eq!(kills, 1);
    let left = anna
        .sessions()
        .list_sessions(anna.with(list))
        .await
        .expect("sessions")
        .into_inner()
        .sessions;
    assert!(left.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_kills_own_sessions_only() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    anna.add("boris@example.com", Role::Manager).await;
    let boris = app.log_in("boris@example.com").await;
    let phone = app.log_in("boris@example.com").await;
    let kill = |id: &str| KillSessionRequest {
        session_id: id.to_owned(),
    };
    let refused = boris
        .sessions()
        .kill_session(boris.with(kill(&anna.tokens.session_id)))
        .await
        .expect_err("refused");
    assert_eq!(reason(&refused), ErrorReason::PermissionMissing);
    let unknown = SessionId::generate().to_string();
    let refused = boris
        .sessions()
        .kill_session(boris.with(kill(&unknown)))
        .await
        .expect_err("refused");
    assert_eq!(reason(&refused), ErrorReason::SessionNotFound);
    boris
        .sessions()
        .kill_session(boris.with(kill(&phone.tokens.session_id)))
        .await
        .expect("killed");
    assert_eq!(app.refusal_of(&phone).await, ErrorReason::SessionEnded);
    let list = ListSessionsRequest {
        user_id: anna.user.id.clone(),
        ..ListSessionsRequest::default()
    };
    let refused = boris
        .sessions()
        .list_sessions(boris.with(list))
        .await
        .expect_err("refused");
    assert_eq!(reason(&refused), ErrorReason::PermissionMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_come_in_pages_the_newest_first() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    for _ in 0..4 {
        app.log_in("anna@example.com").await;
    }
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListSessionsRequest {
            page_size: 2,
            page_token,
            ..ListSessionsRequest::default()
        };
        let reply = anna
            .sessions()
            .list_sessions(anna.with(request))
            .await
            .expect("a page")
            .into_inner();
        assert!(reply.sessions.len() <= 2);
        seen.extend(reply.sessions);
        page_token = reply.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let mut ids: Vec<_> = seen.iter().map(|session| session.id.clone()).collect();
    assert_eq!(ids.len(), 5);
    assert!(
        ids.is_sorted_by(|a, b| a > b),
        "the newest first, none twice"
    );
    assert_eq!(ids.pop().as_deref(), Some(anna.tokens.session_id.as_str()));
    assert_eq!(seen.iter().filter(|session| session.current).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_of_ones_own_needs_the_old_one_and_ends_other_sessions() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let elsewhere = app.log_in("anna@example.com").await;
    let set = |old: &str, new: &str| SetPasswordRequest {
        user_id: String::new(),
        old_password: old.to_owned(),
        new_password: new.to_owned(),
    };
    let refused = anna
        .users()
        .set_password(anna.with(set("wrong", "another long phrase")))
        .await
        .expect_err("refused");
    assert_eq!(reason(&refused), ErrorReason::CredentialsInvalid);
    let refused = anna
        .users()
        .set_password(anna.with(set(PASSWORD, "short")))
        .await
        .expect_err("refused");
    assert_eq!(reason(&refused), ErrorReason::FieldInvalid);
    anna.users()
        .set_password(anna.with(set(PASSWORD, "another long phrase")))
        .await
        .expect("set");
    assert_eq!(app.refusal_of(&elsewhere).await, ErrorReason::SessionEnded);
    assert!(
        anna.sessions()
            .get_caller(anna.with(GetCallerRequest {}))
            .await
            .is_ok(),
        "this session goes on"
    );
    assert!(app.try_log_in("anna@example.com", PASSWORD).await.is_err());
    assert!(
        app.try_log_in("anna@example.com", "another long phrase")
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sets_anybodys_password_a_manager_does_not() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    anna.add("boris@example.com", Role::Manager).await;
    let boris = app.log_in("boris@example.com").await;
    let set = |id: &str| SetPasswordRequest {
        user_id: id.to_owned(),
        old_password: String::new(),
        new_password: "another long phrase".to_owned(),
    };
    let refused = boris
        .users()
        .set_password(boris.with(set(&anna.user.id)))
        .await
        .expect_err("refused");
    assert_eq!(reason(&refused), ErrorReason::PermissionMissing);
    anna.users()
        .set_password(anna.with(set(&boris.user.id)))
        .await
        .expect("set");
    assert_eq!(app.refusal_of(&boris).await, ErrorReason::SessionEnded);
    assert!(
        app.try_log_in("boris@example.com", "another long phrase")
            .await
            .is_ok()
    );
}
