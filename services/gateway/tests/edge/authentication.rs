//! Who may come in.

use api::identity::v1::GetCallerRequest;
use api::identity::v1::session_service_client::SessionServiceClient;
use tonic::{Code, Request, Response, Status};
use types::AccountId;

use crate::http::status_reason;
use crate::support::{Gateway, count, employee, sign, wait_for};

async fn caller(
    gateway: &Gateway,
    authorization: Option<&str>,
) -> Result<Response<api::identity::v1::GetCallerResponse>, Status> {
    let mut client = SessionServiceClient::new(gateway.channel().await);
    let mut request = Request::new(GetCallerRequest::default());
    if let Some(value) = authorization {
        request
            .metadata_mut()
            .insert("authorization", value.parse().expect("a header"));
    }
    client.get_caller(request).await
}

#[tokio::test]
async fn a_call_without_a_good_token_goes_no_further() {
    let gateway = Gateway::start().await;
    let service = format!(
        "Bearer {}",
        sign(auth::Principal::Service {
            name: "conversations".to_owned()
        })
    );
    let good = format!("Bearer {}", employee(AccountId::generate()));
    let changed = format!("{}x", &good[..good.len() - 1]);
    for (authorization, reason) in [
        (None, "TOKEN_MISSING"),
        (Some("Bearer "), "TOKEN_INVALID"),
        (Some("Bearer nonsense"), "TOKEN_INVALID"),
        (Some("Basic dXNlcjpwYXNz"), "TOKEN_INVALID"),
        (Some(changed.as_str()), "TOKEN_INVALID"),
        (Some(service.as_str()), "TOKEN_INVALID"),
        (Some("Bearer bsk_unknown"), "CREDENTIALS_INVALID"),
    ] {
        let status = caller(&gateway, authorization).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{authorization:?}");
        assert_eq!(status_reason(&status), Some(reason), "{authorization:?}");
    }
    caller(&gateway, Some(&good)).await.expect("a good token");
}

#[tokio::test]
async fn an_api_key_is_exchanged_once_and_ends_when_revoked() {
    let gateway = Gateway::start().await;
    let key = format!("Bearer {}", crate::support::API_KEY);
    for _ in 0..20 {
        let response = caller(&gateway, Some(&key))
            .await
            .expect("the key is known");
        let saw = response
            .metadata()
            .get("saw-authorization")
            .unwrap()
            .to_str()
            .unwrap();
        assert!(
            saw.starts_with("Bearer ey"),
            "the service sees a token, not the key: {saw}"
        );
    }
    assert_eq!(count(&gateway.seen.exchanges), 1);

    gateway
        .seen
        .ended
        .lock()
        .unwrap()
        .push(crate::support::api_key_id().uuid());
    let begun = std::time::Instant::now();
    while caller(&gateway, Some(&key)).await.is_ok() {
        assert!(
            begun.elapsed() < std::time::Duration::from_secs(5),
            "a revoked key ends"
        );
    }
    let status = caller(&gateway, Some(&key)).await.unwrap_err();
    assert_eq!(status_reason(&status), Some("CREDENTIALS_INVALID"));
    wait_for("identity to have been asked again", || {
        count(&gateway.seen.exchanges) > 1
    })
    .await;
}
