use std::time::Duration;

use api::error::v1::ErrorReason;
use api::identity::v1::{GetCallerRequest, RefreshSessionRequest, TokenPair};
use tonic::Status;

use crate::app::{TestApp, reason};

async fn refresh(app: &TestApp, token: &str) -> Result<TokenPair, Status> {
    let request = RefreshSessionRequest {
        refresh_token: token.to_owned(),
    };
    let reply = app.caller("").sessions().refresh_session(request).await?;
    Ok(reply.into_inner().tokens.expect("tokens"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_with_each_next_token() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let mut tokens = anna.tokens.clone();
    for _ in 0..3 {
        app.clock.advance(Duration::from_secs(600));
        let next = refresh(&app, &tokens.refresh_token)
            .await
            .expect("the next tokens");
        assert_eq!(next.session_id, tokens.session_id);
        assert_ne!(next.refresh_token, tokens.refresh_token);
        let caller = app.caller(&next.access_token);
        assert!(
            caller
                .sessions()
                .get_caller(caller.with(GetCallerRequest {}))
                .await
                .is_ok()
        );
        tokens = next;
    }
    let old = anna
        .sessions()
        .get_caller(anna.with(GetCallerRequest {}))
        .await
        .expect_err("expired");
    assert_eq!(reason(&old), ErrorReason::TokenExpired);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_forgiven_once() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    refresh(&app, &anna.tokens.refresh_token)
        .await
        .expect("an answer, which is lost");
    let again = refresh(&app, &anna.tokens.refresh_token)
        .await
        .expect("forgiven");
    let next = refresh(&app, &again.refresh_token)
        .await
        .expect("the session goes on");
    let third = refresh(&app, &anna.tokens.refresh_token)
        .await
        .expect_err("not twice");
    assert_eq!(reason(&third), ErrorReason::RefreshTokenReused);
    let after = refresh(&app, &next.refresh_token)
        .await
        .expect_err("the session is over");
    assert_eq!(reason(&after), ErrorReason::SessionEnded);
    assert_eq!(
        app.refusal_of(&app.caller(&next.access_token)).await,
        ErrorReason::SessionEnded
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_whose_successor_was_used_ends_the_session() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let second = refresh(&app, &anna.tokens.refresh_token)
        .await
        .expect("the second");
    let third = refresh(&app, &second.refresh_token)
        .await
        .expect("the third");
    let reused = refresh(&app, &anna.tokens.refresh_token)
        .await
        .expect_err("reused");
    assert_eq!(reason(&reused), ErrorReason::RefreshTokenReused);
    assert_eq!(
        reason(&refresh(&app, &third.refresh_token).await.expect_err("over")),
        ErrorReason::SessionEnded
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn forgiveness_does_not_wait_long() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    refresh(&app, &anna.tokens.refresh_token)
        .await
        .expect("an answer, which is lost");
    app.clock.advance(Duration::from_secs(61));
    let late = refresh(&app, &anna.tokens.refresh_token)
        .await
        .expect_err("too late");
    assert_eq!(reason(&late), ErrorReason::RefreshTokenReused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_token_changes_nothing() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    // The right account and session, but not the session's secret: 4 letters of prefix, 43 of ids.
    let mut made_up = anna.tokens.refresh_token.clone().into_bytes();
    made_up[60] = if made_up[60] == b'A' { b'B' } else { b'A' };
    let made_up = String::from_utf8(made_up).expect("ASCII");
    for token in [
        made_up.as_str(),
        "brt_AAAA",
        "x",
        &anna.tokens.access_token[..100],
    ] {
        assert_eq!(
            reason(&refresh(&app, token).await.expect_err("refused")),
            ErrorReason::TokenInvalid,
            "{token}"
        );
    }
    refresh(&app, &anna.tokens.refresh_token)
        .await
        .expect("the session goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_refreshes_at_once_neither_ends_the_session_alone() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let token = &anna.tokens.refresh_token;
    let (one, other) = tokio::join!(refresh(&app, token), refresh(&app, token));
    let (one, other) = (one.expect("accepted"), other.expect("forgiven"));
    assert_ne!(one.refresh_token, other.refresh_token);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_lives_thirty_days() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    app.clock.advance(Duration::from_secs(30 * 24 * 3600 - 1));
    let next = refresh(&app, &anna.tokens.refresh_token)
        .await
        .expect("just in time");
    app.clock.advance(Duration::from_secs(30 * 24 * 3600));
    let late = refresh(&app, &next.refresh_token)
        .await
        .expect_err("too late");
    assert_eq!(reason(&late), ErrorReason::TokenExpired);
}
