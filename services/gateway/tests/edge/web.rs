//! gRPC-Web.

use api::onlinechat::v1::{MarkReadRequest, SendVisitorMessageRequest, WatchVisitorRequest};
use bytes::Bytes;
use data_encoding::BASE64;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::TcpStream;

use crate::http::{post, reason, request};
use crate::support::{Gateway, count, wait_for};

const MARK_READ: &str = "/beseda.onlinechat.v1.VisitorService/MarkRead";
const SEND: &str = "/beseda.onlinechat.v1.VisitorService/SendVisitorMessage";
const WATCH: &str = "/beseda.onlinechat.v1.VisitorService/WatchVisitor";

pub fn frame(message: &impl Message) -> Vec<u8> {
    let bytes = message.encode_to_vec();
    let mut frame = vec![0];
    frame.extend(u32::try_from(bytes.len()).expect("short").to_be_bytes());
    frame.extend(bytes);
    frame
}

/// The frames of a body: flag and contents.
fn frames(mut body: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [flag, a, b, c, d, rest @ ..] = body {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        frames.push((*flag, rest[..length].to_vec()));
        body = &rest[length..];
    }
    assert!(body.is_empty(), "whole frames");
    frames
}

fn hello() -> SendVisitorMessageRequest {
    SendVisitorMessageRequest {
        text: "Привет".to_owned(),
        ..SendVisitorMessageRequest::default()
    }
}

fn assert_hello(body: &[u8]) {
    let frames = frames(body);
    let [(0, message), (0x80, trailers)] = frames.as_slice() else {
        panic!("a message and trailers: {frames:?}")
    };
    let reply =
        api::onlinechat::v1::SendVisitorMessageResponse::decode(&message[..]).expect("a message");
    assert_eq!(reply.message.expect("a message").text, "Привет");
    assert!(String::from_utf8_lossy(trailers).contains("grpc-status: 0\r\n"));
}

#[tokio::test]
async fn binary_frames_over_http_1() {
    let gateway = Gateway::start().await;
    let headers = [
        ("content-type", "application/grpc-web+proto"),
        ("x-grpc-web", "1"),
    ];
    let response = post(gateway.addr, SEND, &headers, &frame(&hello())).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "application/grpc-web+proto"
    );
    assert_hello(response.body());
}

#[tokio::test]
async fn frames_in_base64_over_http_1() {
    let gateway = Gateway::start().await;
    let body = BASE64.encode(&frame(&hello()));
    let response = post(
        gateway.addr,
        SEND,
        &[("content-type", "application/grpc-web-text")],
        body.as_bytes(),
    )
    .await;
    assert_eq!(
        response.headers()["content-type"],
        "application/grpc-web-text+proto"
    );
    assert_hello(&BASE64.decode(response.body()).unwrap());
}

#[tokio::test]
async fn binary_frames_over_http_2() {
    let gateway = Gateway::start().await;
    let stream = TcpStream::connect(gateway.addr).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(connection);
    let request = Request::post(format!("http://{}{SEND}", gateway.addr))
        .header("content-type", "application/grpc-web")
        .body(Full::new(Bytes::from(frame(&hello()))))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_hello(&response.into_body().collect().await.unwrap().to_bytes());
}

#[tokio::test]
async fn a_refusal_of_the_service_comes_in_the_headers() {
    let gateway = Gateway::start().await;
    let body = frame(&MarkReadRequest {
        thread_id: "refused".to_owned(),
        ..MarkReadRequest::default()
    });
    let response = post(
        gateway.addr,
        MARK_READ,
        &[("content-type", "application/grpc-web")],
        &body,
    )
    .await;
    assert_eq!(response.headers()["grpc-status"], "9");
    assert_eq!(
        reason(response.headers()).as_deref(),
        Some("CONVERSATION_CLOSED")
    );
    assert!(response.body().is_empty());
}

#[tokio::test]
async fn a_stream_arrives_piece_by_piece_and_ends_at_the_service_when_dropped() {
    let gateway = Gateway::start().await;
    let stream = TcpStream::connect(gateway.addr).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(connection);
    let request = Request::post(WATCH)
        .header("host", "gateway")
        .header("content-type", "application/grpc-web-text")
        .body(Full::new(Bytes::from(
            BASE64.encode(&frame(&WatchVisitorRequest::default())),
        )))
        .unwrap();
    let mut response = sender.send_request(request).await.unwrap();
    let first = response
        .body_mut()
        .frame()
        .await
        .unwrap()
        .unwrap()
        .into_data()
        .unwrap();
    assert_eq!(
        frames(&BASE64.decode(&first).unwrap()).len(),
        1,
        "the first message comes while the stream is open"
    );
    assert_eq!(count(&gateway.seen.cancelled), 0);
    drop((response, sender));
    tasks.abort_all();
    wait_for("the cancellation", || count(&gateway.seen.cancelled) == 1).await;
}

#[tokio::test]
async fn pages_of_allowed_origins_may_call() {
    let gateway =
        Gateway::with(|config| config.cors_origins = vec!["https://desk.example".to_owned()]).await;
    let preflight = [
        ("origin", "https://desk.example"),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "content-type,x-grpc-web,authorization",
        ),
    ];
    let response = request(gateway.addr, "OPTIONS", MARK_READ, &preflight, b"").await;
    assert_eq!(response.status(), 204);
    assert_eq!(
        response.headers()["access-control-allow-origin"],
        "https://desk.example"
    );
    assert!(
        response.headers()["access-control-allow-headers"]
            .to_str()
            .unwrap()
            .contains("authorization")
    );

    // Also a refusal can be read by the page.
    let call = [
        ("origin", "https://desk.example"),
        ("content-type", "application/grpc-web"),
    ];
    let path = "/beseda.conversations.v1.InboxService/ListConversations";
    let response = post(gateway.addr, path, &call, &[0; 5]).await;
    assert_eq!(reason(response.headers()).as_deref(), Some("TOKEN_MISSING"));
    assert_eq!(
        response.headers()["access-control-allow-origin"],
        "https://desk.example"
    );
    let exposed = response.headers()["access-control-expose-headers"]
        .to_str()
        .unwrap();
    for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
        assert!(exposed.contains(name), "{name}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_not_call() {
    let gateway =
        Gateway::with(|config| config.cors_origins = vec!["https://desk.example".to_owned()]).await;
    let preflight = [
        ("origin", "https://evil.example"),
        ("access-control-request-method", "POST"),
    ];
    let response = request(gateway.addr, "OPTIONS", MARK_READ, &preflight, b"").await;
    assert_eq!(response.status(), 403);
    let call = [
        ("origin", "https://evil.example"),
        ("content-type", "application/grpc-web"),
    ];
    let response = post(
        gateway.addr,
        MARK_READ,
        &call,
        &frame(&MarkReadRequest::default()),
    )
    .await;
    assert!(
        !response
            .headers()
            .contains_key("access-control-allow-origin")
    );
}
