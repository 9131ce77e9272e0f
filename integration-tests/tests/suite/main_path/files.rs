//! Files over plain HTTP, as a page of an employee's desk sends and fetches them.

use api::connector::v1::{ConnectorManifest, MediaRule, RegisterConnectorRequest};
use api::conversations::v1::{AttachmentKind, ConversationMode, SendMessageRequest};
use bytes::Bytes;
use http::Response;
use integration_tests::actors::CONNECTOR;
use integration_tests::calls::with_token;
use integration_tests::http::request;
use integration_tests::{Cluster, Service};

use super::{conversation, office};

async fn ask(
    cluster: &Cluster,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Response<Bytes> {
    let gateway = cluster.addr(Service::Gateway);
    request(gateway, method, path, headers, body)
        .await
        .expect("an answer")
}

/// CHW-26, CHW-28: what the page uploads is sent, and read by whoever may read the message, in safe form.
#[tokio::test]
async fn a_file_goes_up_and_down_over_http() {
    let (cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let manifest = ConnectorManifest {
        key: CONNECTOR.into(),
        title: "Test channel".into(),
        media: vec![MediaRule {
            kind: AttachmentKind::Document.into(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let register = RegisterConnectorRequest {
        manifest: Some(manifest),
    };
    let registered = connector
        .hub()
        .register_connector(with_token(&connector.secret, register))
        .await;
    registered.expect("registered");
    let opened = conversation(&admin, &connector, "anna").await;

    let bearer = format!("Bearer {}", admin.token().await);
    let authorized = [("authorization", &bearer[..])];
    let page = b"<script>alert(1)</script> is what the file says";
    let name = "/files?name=%D1%81%D1%87%D1%91%D1%82.html";
    let nobody = ask(&cluster, "POST", name, &[], page).await;
    assert_eq!(nobody.status(), 401);
    let program = ask(&cluster, "POST", "/files?name=a.exe", &authorized, b"MZ").await;
    assert_eq!(program.status(), 415);
    let nameless = ask(&cluster, "POST", "/files", &authorized, page).await;
    let told = String::from_utf8_lossy(nameless.body()).into_owned();
    assert_eq!(nameless.status(), 400, "{told}");
    assert!(told.contains("name: must name the file"), "{told}");
    let taken = ask(&cluster, "POST", name, &authorized, page).await;
    assert_eq!(taken.status(), 201, "{:?}", taken.body());
    let file: serde_json::Value = serde_json::from_slice(taken.body()).expect("JSON");
    assert_eq!(file["file_name"], "счёт.html");
    let path = file["path"].as_str().expect("a path");

    let message = SendMessageRequest {
        conversation_id: opened.id.clone(),
        attachment_ids: vec![file["id"].as_str().expect("an id").to_owned()],
        ..Default::default()
    };
    let message = admin.ask(message).await;
    admin
        .conversations()
        .send_message(message)
        .await
        .expect("sent");

    let read = ask(&cluster, "GET", path, &authorized, b"").await;
    assert_eq!((read.status().as_u16(), &read.body()[..]), (200, &page[..]));
    let header = |name: &str| read.headers()[name].to_str().expect("text").to_owned();
    assert!(header("content-disposition").starts_with("attachment; "));
    assert!(!header("content-type").contains("html"));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("sandbox"));
    assert_eq!(header("cross-origin-resource-policy"), "same-origin");

    let etag = header("etag");
    let known = [authorized[0], ("if-none-match", &etag)];
    assert_eq!(ask(&cluster, "GET", path, &known, b"").await.status(), 304);
    let part = [authorized[0], ("range", "bytes=1-6")];
    let part = ask(&cluster, "GET", path, &part, b"").await;
    assert_eq!(
        (part.status().as_u16(), &part.body()[..]),
        (206, &b"script"[..])
    );
    assert_eq!(
        part.headers()["content-range"],
        format!("bytes 1-6/{}", page.len())
    );
    assert_eq!(ask(&cluster, "GET", path, &[], b"").await.status(), 401);

    let stranger = cluster.account("stranger").await;
    let bearer = format!("Bearer {}", stranger.token().await);
    let foreign = ask(&cluster, "GET", path, &[("authorization", &bearer)], b"").await;
    assert_eq!(foreign.status(), 404);
}
