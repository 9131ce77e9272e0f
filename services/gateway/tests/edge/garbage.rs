//! What no honest client sends. Each is refused with a status that says why, and the next caller is served.

use std::time::Duration;

use api::onlinechat::v1::MarkReadRequest;
use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::{get, post, raw, reason, request};
use crate::support::{Gateway, count};

const MARK_READ: &str = "/beseda.onlinechat.v1.VisitorService/MarkRead";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

async fn still_serves(gateway: &Gateway) {
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    client
        .mark_read(MarkReadRequest::default())
        .await
        .expect("the next caller is served");
}

#[tokio::test]
async fn bodies_that_are_no_frames_are_refused_before_the_service_works_on_them() {
    let gateway = Gateway::start().await;
    let huge = [&[0, 0x7f, 0xff, 0xff, 0xff][..], &[1; 64]].concat();
    let cases: [(&str, &[u8], &str, &str); 10] = [
        ("application/grpc-web", b"", "3", "FIELD_INVALID"),
        ("application/grpc-web", &[0, 0, 0], "3", "FIELD_INVALID"),
        (
            "application/grpc-web",
            &[0, 0, 0, 0, 9, 1],
            "3",
            "FIELD_INVALID",
        ),
        (
            "application/grpc-web",
            &[7, 0, 0, 0, 0],
            "3",
            "FIELD_INVALID",
        ),
        (
            "application/grpc-web",
            &[0x80, 0, 0, 0, 0],
            "3",
            "FIELD_INVALID",
        ),
        ("application/grpc-web", &[0; 10], "3", "FIELD_INVALID"),
        ("application/grpc-web", &huge, "8", "TOO_LARGE"),
        ("application/grpc-web-text", b"!!!!", "3", "FIELD_INVALID"),
        ("application/grpc-web-text", b"AAAAA", "3", "FIELD_INVALID"),
        ("application/grpc+json", b"{}", "3", "FIELD_INVALID"),
    ];
    for (kind, body, code, why) in cases {
        let response = post(gateway.addr, MARK_READ, &[("content-type", kind)], body).await;
        assert_eq!(response.headers()["grpc-status"], code, "{kind} {body:?}");
        assert_eq!(
            reason(response.headers()).as_deref(),
            Some(why),
            "{kind} {body:?}"
        );
    }
    assert_eq!(
        count(&gateway.seen.begun),
        0,
        "the service has not begun any of them"
    );
    still_serves(&gateway).await;
}

#[tokio::test]
async fn a_body_larger_than_the_limit_is_refused_from_its_first_bytes() {
    let gateway = Gateway::with(|config| config.limits.max_message = 1000).await;
    let mut body = vec![0, 0, 0, 0x10, 0];
    body.resize(5 + 0x1000, 0);
    let response = post(
        gateway.addr,
        MARK_READ,
        &[("content-type", "application/grpc-web")],
        &body,
    )
    .await;
    assert_eq!(reason(response.headers()).as_deref(), Some("TOO_LARGE"));
    still_serves(&gateway).await;
}

#[tokio::test]
async fn strangers_get_http_answers() {
    let gateway = Gateway::start().await;
    assert_eq!(get(gateway.addr, "/nothing").await.status(), 404);
    assert_eq!(
        post(
            gateway.addr,
            MARK_READ,
            &[("content-type", "application/json")],
            b"{}"
        )
        .await
        .status(),
        415
    );
    assert_eq!(post(gateway.addr, "/demo", &[], b"").await.status(), 405);
    assert_eq!(
        request(gateway.addr, "DELETE", "/", &[], b"")
            .await
            .status(),
        405
    );
    let timeout = [
        ("content-type", "application/grpc-web"),
        ("grpc-timeout", "soon"),
    ];
    let response = post(gateway.addr, MARK_READ, &timeout, &[0; 5]).await;
    assert_eq!(reason(response.headers()).as_deref(), Some("FIELD_INVALID"));
}

#[tokio::test]
async fn raw_garbage_ends_its_own_connection_only() {
    let gateway =
        Gateway::with(|config| config.limits.opening_time = Duration::from_millis(300)).await;
    let frame = |kind: u8, flags: u8, stream: u32, body: &[u8]| {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), body].concat()
    };
    let settings = frame(4, 0, 0, &[]);
    let cases = [
        b"\0\0\0\0\0\0\0\0".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"GET /\r\n\r\n".to_vec(),
        "ПРИВЕТ / HTTP/1.1\r\n\r\n".as_bytes().to_vec(),
        [
            b"GET / HTTP/1.1\r\nhost: x\r\nx: ".to_vec(),
            vec![b'a'; 200_000],
        ]
        .concat(),
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".to_vec(),
        [PREFACE, &[0xff; 64]].concat(),
        // No settings first.
        [PREFACE, &frame(0, 0, 1, b"data")].concat(),
        // Headers that do not decode.
        [PREFACE, &settings, &frame(1, 4, 1, &[0xff; 32])].concat(),
        // Data on a stream that was never opened.
        [PREFACE, &settings, &frame(0, 1, 5, b"data")].concat(),
        // A frame longer than allowed.
        [PREFACE, &settings, &[0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]].concat(),
        // A window update of nothing.
        [PREFACE, &settings, &frame(8, 0, 0, &[0; 4])].concat(),
        // A continuation of nothing.
        [PREFACE, &settings, &frame(9, 4, 1, b"x")].concat(),
    ];
    for bytes in cases {
        let ended = tokio::time::timeout(Duration::from_secs(10), raw(gateway.addr, &bytes)).await;
        assert!(
            ended.is_ok(),
            "the connection is ended: {:?}",
            bytes.get(..60).unwrap_or(&bytes)
        );
    }
    still_serves(&gateway).await;
}

#[tokio::test]
async fn who_trickles_is_not_waited_for() {
    let gateway = Gateway::with(|config| {
        config.limits.opening_time = Duration::from_millis(300);
        config.limits.call_time = Duration::from_millis(600);
    })
    .await;
    let slow = [
        // Says nothing.
        b"".to_vec(),
        // Begins the preface and stops.
        PREFACE[..5].to_vec(),
        // Begins headers and stops.
        b"GET / HTTP/1.1\r\nhost: x\r\n".to_vec(),
        // Begins a body and stops: the time of the call ends it.
        [b"POST ", MARK_READ.as_bytes(), b" HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc-web\r\ncontent-length: 5\r\n\r\n\0"].concat(),
    ];
    for bytes in slow {
        let mut stream = TcpStream::connect(gateway.addr).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        let mut answer = Vec::new();
        let ended =
            tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
        assert!(
            ended.is_ok(),
            "given up: {:?}",
            String::from_utf8_lossy(&bytes)
        );
        if bytes.starts_with(b"POST") {
            assert!(
                String::from_utf8_lossy(&answer).contains("grpc-status: 4"),
                "{}",
                String::from_utf8_lossy(&answer)
            );
        }
    }
    still_serves(&gateway).await;
}

#[tokio::test]
async fn rapid_resets_end_the_connection_that_makes_them() {
    let gateway = Gateway::start().await;
    let stream = TcpStream::connect(gateway.addr).await.unwrap();
    let (mut sender, connection) = h2::client::handshake(stream).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { connection.await.err().map(|error| error.to_string()) });
    let mut refused = false;
    for _ in 0..20_000 {
        let request = hyper::Request::post(format!("http://x{MARK_READ}"))
            .header("content-type", "application/grpc")
            .body(());
        let Ok((_, mut stream)) = sender.send_request(request.unwrap(), false) else {
            refused = true;
            break;
        };
        stream.send_reset(h2::Reason::CANCEL);
        tokio::task::yield_now().await;
    }
    assert!(refused, "the connection is ended by GOAWAY");
    still_serves(&gateway).await;
}

#[tokio::test]
async fn headers_larger_than_the_limit_are_refused() {
    let gateway = Gateway::start().await;
    let large = "a".repeat(20_000);
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    let mut request = tonic::Request::new(MarkReadRequest::default());
    request
        .metadata_mut()
        .insert("x-large", large.parse().unwrap());
    assert!(client.mark_read(request).await.is_err());
    still_serves(&gateway).await;
}
