//! Calls that go through.

use std::time::Duration;

use api::connector::v1::RegisterConnectorRequest;
use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use api::onlinechat::v1::MarkReadRequest;
use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_types::StatusExt;

use crate::http::{post, reason, status_reason};
use crate::support::{Gateway, count, wait_for};

#[tokio::test]
async fn a_unary_call_reaches_its_service() {
    let gateway = Gateway::start().await;
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    let mut request = tonic::Request::new(MarkReadRequest::default());
    for (name, value) in [
        ("x-beseda-account", "acc_forged"),
        ("x-beseda-client-address", "6.6.6.6"),
        ("origin", "https://shop.example"),
        (
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        ("authorization", "Bearer vst_visitor"),
        ("x-request-id", "my-request-1"),
    ] {
        request.metadata_mut().insert(name, value.parse().unwrap());
    }
    let response = client.mark_read(request).await.unwrap();
    let saw = |name| {
        response
            .metadata()
            .get(name)
            .map(|value| value.to_str().unwrap())
    };
    assert_eq!(
        saw("saw-x-beseda-account"),
        None,
        "identity headers from outside are dropped"
    );
    assert_eq!(saw("saw-x-beseda-client-address"), Some("127.0.0.1"));
    assert_eq!(saw("saw-origin"), Some("https://shop.example"));
    assert_eq!(
        saw("saw-traceparent"),
        Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    );
    assert_eq!(saw("saw-authorization"), Some("Bearer vst_visitor"));
    assert_eq!(saw("saw-x-request-id"), Some("my-request-1"));
    assert_eq!(saw("x-request-id"), Some("my-request-1"));
    assert_eq!(saw("saw-grpc-timeout"), Some("30000m"));
}

#[tokio::test]
async fn a_refusal_of_the_service_comes_through_with_its_details() {
    let gateway = Gateway::start().await;
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    let request = MarkReadRequest {
        thread_id: "refused".to_owned(),
        ..MarkReadRequest::default()
    };
    let status = client.mark_read(request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::FailedPrecondition);
    assert_eq!(status_reason(&status), Some("CONVERSATION_CLOSED"));
}

#[tokio::test]
async fn a_call_that_its_caller_drops_is_cancelled_at_the_service() {
    let gateway = Gateway::start().await;
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    let request = MarkReadRequest {
        thread_id: "stuck".to_owned(),
        ..MarkReadRequest::default()
    };
    let call = tokio::time::timeout(Duration::from_millis(200), client.mark_read(request));
    assert!(call.await.is_err(), "nobody answers");
    wait_for("the cancellation", || count(&gateway.seen.cancelled) == 1).await;
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_and_the_service_is_told() {
    let gateway =
        Gateway::with(|config| config.limits.call_time = Duration::from_millis(300)).await;
    let mut client = VisitorServiceClient::new(gateway.channel().await);
    let request = MarkReadRequest {
        thread_id: "stuck".to_owned(),
        ..MarkReadRequest::default()
    };
    let status = client.mark_read(request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
    assert_eq!(status_reason(&status), Some("DEADLINE"));
    wait_for("the cancellation", || count(&gateway.seen.cancelled) == 1).await;
}

#[tokio::test]
async fn unknown_and_internal_methods_are_refused_here() {
    let gateway = Gateway::start().await;
    for path in [
        "/beseda.identity.internal.v1.IdentityInternalService/GetJwks",
        "/beseda.onlinechat.internal.v1.EmbeddingService/GetEmbedding",
        "/beseda.events.internal.v1.EventLogService/ReadEvents",
        "/unknown.v1.Service/Method",
        "/",
        "/healthz",
    ] {
        let response = post(
            gateway.addr,
            path,
            &[("content-type", "application/grpc-web")],
            &[0; 5],
        )
        .await;
        assert_eq!(response.headers()["grpc-status"], "12", "{path}");
        assert_eq!(
            reason(response.headers()).as_deref(),
            Some("METHOD_UNKNOWN"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_refusal_speaks_the_callers_language() {
    let gateway = Gateway::start().await;
    let mut client = ConnectorHubServiceClient::new(gateway.channel().await);
    let mut request = tonic::Request::new(RegisterConnectorRequest::default());
    request
        .metadata_mut()
        .insert("accept-language", "ru-RU,ru;q=0.9".parse().unwrap());
    let status = client.register_connector(request).await.unwrap_err();
    let details = status.get_error_details();
    assert_eq!(
        details.localized_message().unwrap().message,
        "Войдите в систему."
    );
}

#[tokio::test]
async fn health_and_reflection_are_answered_here() {
    let gateway = Gateway::start().await;
    let channel = gateway.channel().await;
    let mut health = HealthClient::new(channel.clone());
    for service in [
        "",
        "beseda.onlinechat.v1.VisitorService",
        "beseda.identity.v1.SessionService",
    ] {
        let mut status = 0;
        for _ in 0..100 {
            let request = HealthCheckRequest {
                service: service.to_owned(),
            };
            status = health.check(request).await.unwrap().into_inner().status;
            if status == 1 {
                break;
            }
            types::Clock::system()
                .sleep(Duration::from_millis(20))
                .await;
        }
        assert_eq!(status, 1, "{service:?} serves");
    }
    let mut reflection = ServerReflectionClient::new(channel);
    let list = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = reflection
        .server_reflection_info(futures::stream::iter([list]))
        .await
        .unwrap()
        .into_inner();
    let answer = format!("{:?}", answers.message().await.unwrap().unwrap());
    assert!(
        answer.contains("beseda.conversations.v1.InboxService"),
        "{answer}"
    );
    assert!(!answer.contains(".internal."), "{answer}");
}
