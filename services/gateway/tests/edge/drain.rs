//! The gateway's own end.

use std::time::Duration;

use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use api::onlinechat::v1::{MarkReadRequest, WatchVisitorRequest};
use futures::StreamExt;
use tokio::net::TcpStream;

use crate::http::status_reason;
use crate::support::{Gateway, count, wait_for};

#[tokio::test]
async fn calls_in_progress_finish_and_streams_are_sent_elsewhere() {
    let mut gateway = Gateway::start().await;
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    let mut stream = client
        .watch_visitor(WatchVisitorRequest::default())
        .await
        .unwrap()
        .into_inner();
    stream.next().await.unwrap().unwrap();
    let mut calls = tokio::task::JoinSet::new();
    let mut slow = client.clone();
    let request = MarkReadRequest {
        thread_id: "slow".to_owned(),
        ..MarkReadRequest::default()
    };
    calls.spawn(async move { slow.mark_read(request).await });
    wait_for("both to arrive", || count(&gateway.seen.begun) == 2).await;

    gateway.lifecycle.stop();
    let status = stream.next().await.unwrap().unwrap_err();
    assert_eq!(status_reason(&status), Some("SHUTTING_DOWN"));
    calls
        .join_next()
        .await
        .unwrap()
        .unwrap()
        .expect("the call in progress finishes");
    drop(client);
    gateway.ended().await;
    assert!(
        TcpStream::connect(gateway.addr).await.is_err(),
        "nothing new is taken"
    );
    assert_eq!(count(&gateway.seen.cancelled), 1, "only the stream was cut");
    // Nothing is left running.
    let drained = tokio::time::timeout(
        Duration::from_secs(5),
        gateway.lifecycle.drain(Duration::from_secs(60)),
    );
    drained.await.expect("all tasks have ended");
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut() {
    let mut gateway =
        Gateway::with(|config| config.limits.drain_time = Duration::from_millis(200)).await;
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    let mut calls = tokio::task::JoinSet::new();
    let request = MarkReadRequest {
        thread_id: "stuck".to_owned(),
        ..MarkReadRequest::default()
    };
    calls.spawn(async move { client.mark_read(request).await });
    wait_for("it to arrive", || count(&gateway.seen.begun) == 1).await;
    gateway.lifecycle.stop();
    gateway.ended().await;
    assert!(calls.join_next().await.unwrap().unwrap().is_err());
}
