//! Streams, both ways.

use std::sync::atomic::Ordering;
use std::time::Duration;

use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use api::connector::v1::{ChannelEvent, PublishStreamRequest};
use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use api::onlinechat::v1::{ListVisitorMessagesRequest, WatchVisitorRequest};
use futures::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use types::ApiKeyId;

use crate::support::{Gateway, count, program, wait_for};

fn batch(events: usize) -> PublishStreamRequest {
    PublishStreamRequest {
        connector_key: "test".to_owned(),
        events: vec![ChannelEvent::default(); events],
    }
}

#[tokio::test]
async fn both_directions_flow_at_once() {
    let gateway = Gateway::start().await;
    let mut client = ConnectorHubServiceClient::new(gateway.channel().await);
    let (batches, outgoing) = tokio::sync::mpsc::channel(1);
    let mut request = tonic::Request::new(ReceiverStream::new(outgoing));
    let bearer = format!("Bearer {}", program(ApiKeyId::generate()));
    request
        .metadata_mut()
        .insert("authorization", bearer.parse().unwrap());
    let mut answers = client.publish_stream(request).await.unwrap().into_inner();
    for events in 0..200 {
        batches.send(batch(events)).await.unwrap();
        assert_eq!(
            answers.message().await.unwrap().unwrap().results.len(),
            events
        );
    }
    drop(batches);
    assert!(
        answers.message().await.unwrap().is_none(),
        "it ends when the caller ends it"
    );
}

#[tokio::test]
async fn a_large_answer_comes_whole() {
    let gateway = Gateway::start().await;
    let client = VisitorServiceClient::new(gateway.channel().await);
    let request = ListVisitorMessagesRequest {
        page_size: 30 << 20,
        ..ListVisitorMessagesRequest::default()
    };
    let reply = client
        .max_decoding_message_size(64 << 20)
        .list_visitor_messages(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.messages[0].text.len(), 30 << 20);
}

#[tokio::test]
async fn a_slow_reader_slows_its_sender_and_nothing_piles_up() {
    let gateway = Gateway::start().await;
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    let mut other = VisitorServiceClient::new(gateway.channel().await);
    // 1 GiB in messages of 64 KiB.
    let mut slow = client
        .watch_visitor(WatchVisitorRequest {
            after_seq: 16 * 1024,
        })
        .await
        .unwrap()
        .into_inner();
    slow.next().await.unwrap().unwrap();
    let mut last = 0;
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    loop {
        ticks.tick().await;
        let sent = gateway.seen.sent.load(Ordering::SeqCst);
        if sent == last {
            break;
        }
        last = sent;
    }
    assert!(
        last < 200,
        "{last} messages of 64 KiB are on the way to a reader that does not read"
    );
    // Others on the same connection to the service are not held up.
    let mut quick = other
        .watch_visitor(WatchVisitorRequest { after_seq: 1000 })
        .await
        .unwrap()
        .into_inner();
    let mut count = 0;
    while quick.message().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 1000);
}

#[tokio::test]
async fn a_dropped_stream_is_cancelled_at_the_service() {
    let gateway = Gateway::start().await;
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    let mut stream = client
        .watch_visitor(WatchVisitorRequest::default())
        .await
        .unwrap()
        .into_inner();
    stream.next().await.unwrap().unwrap();
    assert_eq!(count(&gateway.seen.cancelled), 0);
    drop(stream);
    wait_for("the cancellation", || count(&gateway.seen.cancelled) == 1).await;
}

#[tokio::test]
async fn a_stream_with_a_deadline_ends_at_it() {
    let gateway = Gateway::start().await;
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    let mut request = tonic::Request::new(WatchVisitorRequest::default());
    request
        .metadata_mut()
        .insert("grpc-timeout", "300m".parse().unwrap());
    let mut stream = client.watch_visitor(request).await.unwrap().into_inner();
    stream.next().await.unwrap().unwrap();
    let status = stream.next().await.unwrap().unwrap_err();
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
}

#[tokio::test]
async fn more_streams_than_one_connection_carries_get_more_connections() {
    let gateway = Gateway::start().await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut client = VisitorServiceClient::new(gateway.channel().await);
        for _ in 0..150 {
            let mut stream = client
                .watch_visitor(WatchVisitorRequest::default())
                .await
                .unwrap()
                .into_inner();
            stream.next().await.unwrap().unwrap();
            open.push(stream);
        }
    }
    assert_eq!(count(&gateway.seen.begun), 450);
    drop(open);
    wait_for("the cancellations", || {
        count(&gateway.seen.cancelled) == 450
    })
    .await;
}
