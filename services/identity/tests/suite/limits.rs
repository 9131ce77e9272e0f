use std::time::Duration;

use api::error::v1::ErrorReason;
use identity::{LOG_IN_LIMIT, Rule};

use crate::app::{PASSWORD, TestApp, reason};

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_are_limited_and_right_ones_are_not() {
    let app = TestApp::start_with(Some(LOG_IN_LIMIT)).await;
    app.account("anna@example.com").await;
    for _ in 0..5 {
        app.try_log_in("anna@example.com", PASSWORD)
            .await
            .expect("logged in");
    }
    for _ in 0..3 {
        let refused = app
            .try_log_in("anna@example.com", "wrong password")
            .await
            .expect_err("wrong");
        assert_eq!(reason(&refused), ErrorReason::CredentialsInvalid);
    }
    let limited = app
        .try_log_in("anna@example.com", PASSWORD)
        .await
        .expect_err("limited");
    assert_eq!(reason(&limited), ErrorReason::RateLimited);
    let details = tonic_types::StatusExt::get_error_details(&limited);
    let wait = details
        .retry_info()
        .and_then(|info| info.retry_delay)
        .expect("when to come again");
    assert!(
        wait <= LOG_IN_LIMIT.refill && wait > Duration::ZERO,
        "{wait:?}"
    );
    let elsewhere = app
        .try_log_in("vera@example.org", PASSWORD)
        .await
        .expect_err("the same address");
    assert_eq!(reason(&elsewhere), ErrorReason::RateLimited);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_is_shared_by_replicas() {
    // Ten minutes per try: what one replica counts is still there for the other.
    let rule = Rule {
        burst: 1,
        refill: Duration::from_secs(600),
    };
    let app = TestApp::start_with(Some(rule)).await;
    app.account("anna@example.com").await;
    app.try_log_in("anna@example.com", "wrong password")
        .await
        .expect_err("wrong");
    let other = app.replica(Some(rule)).await;
    let limited = other
        .try_log_in("anna@example.com", PASSWORD)
        .await
        .expect_err("limited");
    assert_eq!(reason(&limited), ErrorReason::RateLimited);
}
