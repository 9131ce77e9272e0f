//! Services that go away.

use std::time::Duration;

use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use api::onlinechat::v1::{MarkReadRequest, WatchVisitorRequest};
use futures::StreamExt;
use tonic::Code;
use tonic_types::StatusExt;
use types::Clock;

use crate::http::{get, status_reason};
use crate::support::{Gateway, count, wait_for};

fn mark_read(thread: &str) -> MarkReadRequest {
    MarkReadRequest {
        thread_id: thread.to_owned(),
        ..MarkReadRequest::default()
    }
}

#[tokio::test]
async fn a_service_that_is_down_is_unavailable_and_says_when_to_come_again() {
    let mut gateway =
        Gateway::with(|config| config.limits.patience = Duration::from_millis(100)).await;
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    client.mark_read(mark_read("")).await.unwrap();
    gateway.kill_onlinechat();
    let mut status = tonic::Status::ok("");
    for _ in 0..2 {
        status = client.mark_read(mark_read("")).await.unwrap_err();
    }
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status_reason(&status), Some("SERVICE_UNAVAILABLE"));
    assert!(status.get_error_details().retry_info().is_some());
    let ready = get(gateway.addr, "/readyz").await;
    assert_eq!(ready.status(), 503);
    assert!(String::from_utf8_lossy(ready.body()).contains("connector-onlinechat: not connected"));
    assert_eq!(get(gateway.addr, "/healthz").await.status(), 200);
}

#[tokio::test]
async fn calls_wait_for_a_service_that_restarts() {
    let mut gateway = Gateway::start().await;
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    client.mark_read(mark_read("")).await.unwrap();
    let addr = gateway.kill_onlinechat();
    let channel = gateway.channel().await;
    wait_for("the loss to be noticed", || {
        std::net::TcpStream::connect(addr).is_err()
    })
    .await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let mut client = VisitorServiceClient::new(channel.clone());
        calls.spawn(async move { client.mark_read(mark_read("")).await });
    }
    Clock::system().sleep(Duration::from_millis(300)).await;
    assert!(calls.try_join_next().is_none(), "they wait");
    gateway.start_onlinechat(addr).await;
    while let Some(answer) = calls.join_next().await {
        answer.unwrap().expect("it had not been sent, so it waited");
    }
}

#[tokio::test]
async fn a_call_that_was_sent_is_never_sent_again() {
    let mut gateway = Gateway::start().await;
    let channel = gateway.channel().await;
    let mut client = VisitorServiceClient::new(channel);
    let mut calls = tokio::task::JoinSet::new();
    let mut stuck = client.clone();
    calls.spawn(async move { stuck.mark_read(mark_read("stuck")).await });
    wait_for("the call to arrive", || count(&gateway.seen.begun) == 1).await;
    let addr = gateway.kill_onlinechat();
    let status = calls.join_next().await.unwrap().unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status_reason(&status), Some("SERVICE_UNAVAILABLE"));
    gateway.start_onlinechat(addr).await;
    client.mark_read(mark_read("")).await.unwrap();
    assert_eq!(
        count(&gateway.seen.begun),
        2,
        "the first call and the new one"
    );
}

#[tokio::test]
async fn a_stream_whose_service_dies_ends_with_a_status() {
    let mut gateway = Gateway::start().await;
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    let mut stream = client
        .watch_visitor(WatchVisitorRequest::default())
        .await
        .unwrap()
        .into_inner();
    stream.next().await.unwrap().unwrap();
    gateway.kill_onlinechat();
    let status = stream.next().await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status_reason(&status), Some("SERVICE_UNAVAILABLE"));
}

#[tokio::test]
async fn a_service_that_restarts_in_order_fails_no_call() {
    let mut gateway = Gateway::start().await;
    let channel = gateway.channel().await;
    let stop = tokio_util::sync::CancellationToken::new();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (mut client, stop) = (VisitorServiceClient::new(channel.clone()), stop.clone());
        callers.spawn(async move {
            let mut calls = 0_u64;
            while !stop.is_cancelled() {
                client.mark_read(mark_read("")).await?;
                calls += 1;
            }
            Ok::<_, tonic::Status>(calls)
        });
    }
    for _ in 0..3 {
        let begun = count(&gateway.seen.begun);
        wait_for("calls", || count(&gateway.seen.begun) > begun + 100).await;
        let mut running = gateway.onlinechat.take().unwrap();
        running.stop().await;
        gateway.start_onlinechat(running.addr).await;
    }
    stop.cancel();
    while let Some(calls) = callers.join_next().await {
        assert!(calls.unwrap().expect("no call fails") > 0);
    }
}
