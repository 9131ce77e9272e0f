//! What every caller meets at the gateway.

use api::conversations::v1::{ConversationMode, SendMessageRequest};
use api::error::v1::ErrorReason;
use integration_tests::calls::{channel, refused};
use integration_tests::http::get;
use integration_tests::{Cluster, Seed};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use super::{conversation, office};

#[tokio::test]
async fn reflection_tells_every_public_service_and_no_internal_one() {
    let cluster = Cluster::start().await;
    let mut client = ServerReflectionClient::new(channel(&cluster.url()));
    let ask = ServerReflectionRequest {
        message_request: Some(MessageRequest::ListServices(String::new())),
        ..Default::default()
    };
    let mut answers = client
        .server_reflection_info(futures::stream::iter([ask]))
        .await
        .expect("reflection")
        .into_inner();
    let answer = answers
        .message()
        .await
        .expect("an answer")
        .expect("an answer")
        .message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = answer else {
        panic!("a list of services")
    };
    let names: Vec<String> = list.service.into_iter().map(|it| it.name).collect();
    for known in [
        "beseda.conversations.v1.InboxService",
        "beseda.identity.v1.SessionService",
        "beseda.onlinechat.v1.VisitorService",
    ] {
        assert!(
            names.iter().any(|name| name == known),
            "{known} is not in {names:?}"
        );
    }
    assert!(
        names.iter().all(|name| !name.contains("internal")),
        "{names:?}"
    );
}

#[tokio::test]
async fn health_and_pages_are_served() {
    let cluster = Cluster::start().await;
    let mut health = HealthClient::new(channel(&cluster.url()));
    testkit::wait_for("everything is serving", async || {
        let answer = health
            .check(HealthCheckRequest::default())
            .await
            .ok()?
            .into_inner();
        (answer.status() == tonic_health::pb::health_check_response::ServingStatus::Serving)
            .then_some(())
    })
    .await;
    for path in [
        "/",
        "/healthz",
        "/readyz",
        "/.well-known/jwks.json",
        "/widget/loader.js",
    ] {
        assert_eq!(get(cluster.gateway(), path).await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn a_request_id_makes_a_repeated_send_safe() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let open = conversation(&admin, &connector, "chat").await;
    let id = Seed::take().uuid();
    let first = admin
        .send_once(&open.id, "Один раз", Some(id))
        .await
        .expect("sent");
    let again = admin
        .send_once(&open.id, "Один раз", Some(id))
        .await
        .expect("replayed");
    assert_eq!(first, again);
    let other = admin.send_once(&open.id, "Другое", Some(id)).await;
    assert_eq!(
        refused(other),
        (Code::InvalidArgument, ErrorReason::RequestIdReused)
    );
    let texts: Vec<String> = admin
        .messages(&open.id)
        .await
        .into_iter()
        .map(|it| it.text)
        .collect();
    assert_eq!(texts, ["Здравствуйте!", "Один раз"]);

    let wrong = SendMessageRequest {
        conversation_id: open.id,
        text: "x".into(),
        request_id: "no uuid".into(),
        ..SendMessageRequest::default()
    };
    let answer = admin
        .conversations()
        .send_message(admin.ask(wrong).await)
        .await;
    assert_eq!(
        refused(answer),
        (Code::InvalidArgument, ErrorReason::FieldInvalid)
    );
}
