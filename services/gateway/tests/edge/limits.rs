//! Who calls too much.

use std::time::Duration;

use api::identity::v1::session_service_client::SessionServiceClient;
use api::identity::v1::{GetCallerRequest, LogInRequest};
use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use api::onlinechat::v1::{MarkReadRequest, StartVisitorSessionRequest};
use gateway::Rate;
use tonic::{Code, Request};
use tonic_types::StatusExt;
use types::AccountId;

use crate::http::{get, get_with, status_reason};
use crate::support::{Gateway, count, employee, wait_for};

#[tokio::test]
async fn log_ins_from_one_address_are_few() {
    let gateway = Gateway::with(|config| {
        config.limits.rates.log_in = Rate {
            per_second: 0.1,
            burst: 5,
        }
    })
    .await;
    let mut client = SessionServiceClient::new(gateway.channel().await);
    for _ in 0..5 {
        client.log_in(LogInRequest::default()).await.unwrap();
    }
    let status = client.log_in(LogInRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(status_reason(&status), Some("RATE_LIMITED"));
    let wait = status
        .get_error_details()
        .retry_info()
        .unwrap()
        .retry_delay
        .unwrap();
    assert!(
        wait > Duration::from_secs(5) && wait <= Duration::from_secs(10),
        "{wait:?}"
    );
}

#[tokio::test]
async fn new_visitors_from_one_address_are_few_but_their_calls_go_on() {
    let gateway = Gateway::with(|config| {
        config.limits.rates.visitor_session = Rate {
            per_second: 0.1,
            burst: 3,
        }
    })
    .await;
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    for _ in 0..3 {
        client
            .start_visitor_session(StartVisitorSessionRequest::default())
            .await
            .unwrap();
    }
    assert!(
        client
            .start_visitor_session(StartVisitorSessionRequest::default())
            .await
            .is_err()
    );
    client.mark_read(MarkReadRequest::default()).await.unwrap();
}

#[tokio::test]
async fn one_accounts_flood_does_not_use_up_anothers_calls() {
    let gateway = Gateway::with(|config| {
        config.limits.rates.account = Rate {
            per_second: 0.1,
            burst: 30,
        }
    })
    .await;
    let call = |token: String| {
        let channel = gateway.channel();
        async move {
            let mut request = Request::new(GetCallerRequest::default());
            request
                .metadata_mut()
                .insert("authorization", format!("Bearer {token}").parse().unwrap());
            SessionServiceClient::new(channel.await)
                .get_caller(request)
                .await
        }
    };
    let (loud, quiet) = (
        employee(AccountId::generate()),
        employee(AccountId::generate()),
    );
    let mut refused = 0;
    for _ in 0..40 {
        refused += usize::from(call(loud.clone()).await.is_err());
    }
    assert_eq!(refused, 10);
    call(quiet)
        .await
        .expect("another account has its own limit");
}

#[tokio::test]
async fn calls_beyond_what_the_gateway_holds_are_shed() {
    let gateway = Gateway::with(|config| config.limits.max_calls = 4).await;
    let client = VisitorServiceClient::new(gateway.channel().await);
    let mut stuck = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let mut client = client.clone();
        let request = MarkReadRequest {
            thread_id: "stuck".to_owned(),
            ..MarkReadRequest::default()
        };
        stuck.spawn(async move { client.mark_read(request).await });
    }
    wait_for("four calls", || count(&gateway.seen.begun) == 4).await;
    let status = client
        .clone()
        .mark_read(MarkReadRequest::default())
        .await
        .unwrap_err();
    assert_eq!(status_reason(&status), Some("OVERLOADED"));
    stuck.abort_all();
    wait_for("room", || count(&gateway.seen.cancelled) == 4).await;
    client
        .clone()
        .mark_read(MarkReadRequest::default())
        .await
        .expect("there is room again");
}

#[tokio::test]
async fn an_address_counts_behind_trusted_proxies_and_probes_never_do() {
    let gateway = Gateway::with(|config| {
        config.limits.rates.address = Rate {
            per_second: 0.1,
            burst: 20,
        };
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    for _ in 0..20 {
        assert_eq!(
            get_with(gateway.addr, "/", &[("x-forwarded-for", "192.0.2.1")])
                .await
                .status(),
            200
        );
    }
    let refused = get_with(gateway.addr, "/", &[("x-forwarded-for", "192.0.2.1")]).await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(
        get_with(gateway.addr, "/", &[("x-forwarded-for", "192.0.2.2")])
            .await
            .status(),
        200
    );
    for _ in 0..30 {
        assert_eq!(get(gateway.addr, "/healthz").await.status(), 200);
    }
}
