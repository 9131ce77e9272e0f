//! What no honest client sends: the gateway refuses it, goes on serving, and does not fill its log.

use api::error::v1::ErrorReason;
use api::identity::v1::GetCallerRequest;
use api::onlinechat::v1::MarkReadRequest;
use futures::{StreamExt, stream};
use integration_tests::actors::Admin;
use integration_tests::calls::reason;
use integration_tests::http::{frame, raw, request};
use integration_tests::{Cluster, Seed, Service};
use tonic::{Code, Status};

const MARK_READ: &str = "/beseda.onlinechat.v1.VisitorService/MarkRead";
const LOG_IN: &str = "/beseda.identity.v1.SessionService/LogIn";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Pieces of garbage of each kind.
const MANY: usize = 200;
/// What each may add to the log on average: far less than a line.
const LOG_PER_PIECE: usize = 20;

/// An installation that counts nobody's calls, so that garbage is met by what it is.
async fn installation() -> (Cluster, Admin) {
    let environment = vec![("BESEDA_RATE_LIMITS", "off".to_owned())];
    let cluster = Cluster::with_settings(integration_tests::Settings {
        environment,
        ..Default::default()
    })
    .await;
    let admin = cluster.account("office").await;
    (cluster, admin)
}

async fn assert_serves(admin: &Admin) {
    let answer = admin
        .sessions()
        .get_caller(admin.ask(GetCallerRequest {}).await)
        .await;
    answer.expect("the next caller is served");
}

async fn log_size(cluster: &Cluster) -> usize {
    cluster.log(Service::Gateway).await.len()
}

/// Bytes of chance.
fn noise(seed: &Seed, most: usize) -> Vec<u8> {
    (0..1 + seed.below(most))
        .map(|_| u8::try_from(seed.below(256)).unwrap_or_default())
        .collect()
}

#[tokio::test]
async fn noise_on_the_wire_ends_its_own_connection_only() {
    let (cluster, admin) = installation().await;
    let seed = Seed::take();
    let before = log_size(&cluster).await;
    let pieces = (0..MANY).map(|number| {
        let noise = noise(&seed, 200);
        // As it is, after the preface of HTTP/2, and after its first frame.
        match number % 3 {
            0 => [b"\xff".to_vec(), noise].concat(),
            1 => [
                PREFACE.to_vec(),
                b"\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
                noise,
            ]
            .concat(),
            _ => [
                PREFACE.to_vec(),
                vec![0, 0, 0, 4, 0, 0, 0, 0, 0],
                vec![0, 0, 9, 1, 4, 0, 0, 0, 1],
                vec![0xff; 9],
                noise,
            ]
            .concat(),
        }
    });
    let addr = cluster.gateway();
    // A connection that says nothing sensible is kept for some seconds: all at once.
    stream::iter(pieces)
        .for_each_concurrent(MANY, async |bytes| drop(raw(addr, &bytes).await))
        .await;
    assert_serves(&admin).await;
    let grown = log_size(&cluster).await - before;
    assert!(
        grown < MANY * LOG_PER_PIECE,
        "the log grew by {grown} bytes:\n{}",
        cluster.log(Service::Gateway).await
    );
}

#[tokio::test]
async fn grpc_web_garbage_is_refused_with_a_reason() {
    let (cluster, admin) = installation().await;
    let seed = Seed::take();
    let before = log_size(&cluster).await;
    let kinds = [
        "application/grpc-web",
        "application/grpc-web+proto",
        "application/grpc-web-text",
        "application/grpc-web-text+proto",
    ];
    for number in 0..MANY {
        let body = match number % 4 {
            // No frame, a frame that is cut, a frame of another length, a frame whose message is none.
            0 => noise(&seed, 60),
            1 => frame(&MarkReadRequest {
                thread_id: "x".into(),
                seq: 1,
            })[..4]
                .to_vec(),
            2 => [&[0, 0, 1, 0, 0][..], &noise(&seed, 60)].concat(),
            _ => [&[0, 0, 0, 0, 3][..], &[0xff; 3]].concat(),
        };
        let path = if number % 2 == 0 { MARK_READ } else { LOG_IN };
        let kind = kinds[number % kinds.len()];
        let answer = request(
            cluster.gateway(),
            "POST",
            path,
            &[("content-type", kind)],
            &body,
        )
        .await
        .expect("an answer");
        assert_eq!(answer.status(), 200, "gRPC-Web always says 200");
        let status = Status::from_header_map(answer.headers())
            .unwrap_or_else(|| panic!("no status for {kind} {body:?}: {answer:?}"));
        let allowed = [
            Code::InvalidArgument,
            Code::ResourceExhausted,
            Code::Unauthenticated,
        ];
        assert!(
            allowed.contains(&status.code()),
            "{kind} {body:?}: {status:?}"
        );
        assert_ne!(reason(&status), ErrorReason::Unspecified);
    }
    assert_serves(&admin).await;
    let grown = log_size(&cluster).await - before;
    assert!(
        grown < MANY * LOG_PER_PIECE,
        "the log grew by {grown} bytes:\n{}",
        cluster.log(Service::Gateway).await
    );
}

#[tokio::test]
async fn oversized_bodies_and_headers_are_refused() {
    let (cluster, admin) = installation().await;
    let addr = cluster.gateway();
    let huge = [&[0, 0x00, 0x60, 0x00, 0x00][..], &vec![0; 0x60_0000]].concat();
    for path in [MARK_READ, LOG_IN] {
        let answer = request(
            addr,
            "POST",
            path,
            &[("content-type", "application/grpc-web")],
            &huge,
        )
        .await;
        // It may hang up while the rest is still coming; when it says something, it says why.
        if let Ok(answer) = answer {
            let status = Status::from_header_map(answer.headers()).expect("a status");
            assert_eq!(
                (status.code(), kit::refusal::name(reason(&status))),
                (Code::ResourceExhausted, "TOO_LARGE")
            );
        }
    }
    let wide = "x".repeat(512 << 10);
    if let Ok(answer) = request(addr, "GET", "/", &[("x-wide", &wide)], b"").await {
        assert_eq!(answer.status(), 431, "the headers are too large");
    }
    // Over HTTP/2, through an ordinary client.
    let text = "я".repeat(3 << 20);
    let answer = admin.send("conv_01h455vb4pex5vsknk084sn02q", &text).await;
    let status = answer.expect_err("refused");
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert_serves(&admin).await;
}

#[tokio::test]
async fn strange_paths_and_kinds_get_plain_answers() {
    let (cluster, admin) = installation().await;
    let addr = cluster.gateway();
    let status = async |method: &str, path: &str, kind: &str| {
        let answer = request(addr, method, path, &[("content-type", kind)], b"{}")
            .await
            .expect("an answer");
        (
            answer.status().as_u16(),
            Status::from_header_map(answer.headers()).map(|status| status.code()),
        )
    };
    assert_eq!(status("POST", MARK_READ, "application/json").await.0, 415);
    assert_eq!(status("GET", "/nothing/here", "text/plain").await.0, 404);
    assert_eq!(
        status("GET", "/../../etc/passwd", "text/plain").await.0,
        404
    );
    assert_eq!(
        status("GET", "/assets/%2e%2e/%2e%2e/Cargo.toml", "text/plain")
            .await
            .0,
        404
    );
    assert_eq!(status("DELETE", "/", "text/plain").await.0, 405);
    assert_eq!(
        status("POST", "/beseda.nothing.v1.X/Y", "application/grpc-web").await,
        (200, Some(Code::Unimplemented))
    );
    assert_serves(&admin).await;
}
