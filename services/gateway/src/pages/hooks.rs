//! Providers' calls: `/hooks/<connector>/…` goes to the connector as it came, byte for byte. Who may call is the connector's to
//! say: signatures and secrets are its channel's.

use std::collections::HashMap;
use std::time::Duration;

use api::connector::internal::v1::hook_service_client::HookServiceClient;
use api::connector::internal::v1::{ReceiveRequest, ReceiveResponse};
use auth::ServiceChannel;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tonic::Request;

use super::not_found;
use crate::body::{Body, RequestBody};
use crate::call::Call;
use crate::refusals::page;

/// The largest call.
const MAX_BODY: usize = 1 << 20;

/// A provider that gets no answer for so long calls again.
const TIME: Duration = Duration::from_secs(25);

/// Is it an address of hooks?
pub fn is_here(path: &str) -> bool {
    path.starts_with("/hooks/")
}

/// The connectors that providers call, by key.
pub struct Hooks(HashMap<String, HookServiceClient<ServiceChannel>>);

impl Hooks {
    /// To these connectors.
    #[must_use]
    pub fn new(connectors: impl IntoIterator<Item = (String, ServiceChannel)>) -> Self {
        let connectors = connectors.into_iter();
        Self(
            connectors
                .map(|(key, channel)| (key, HookServiceClient::new(channel)))
                .collect(),
        )
    }

    /// Answers a call.
    pub(super) async fn answer(&self, call: &mut Call) -> Response<Body> {
        let path = call.uri.path().trim_start_matches("/hooks/");
        let (key, rest) = path.split_once('/').unwrap_or((path, ""));
        let Some(connector) = self.0.get(key) else {
            return not_found();
        };
        if call.method != Method::POST && call.method != Method::GET {
            return page(
                StatusCode::METHOD_NOT_ALLOWED,
                "Hooks are called by GET and POST.\n",
            );
        }
        let request = ReceiveRequest {
            method: call.method.to_string(),
            path: rest.to_owned(),
            query: call.uri.query().unwrap_or_default().to_owned(),
            headers: headers(&call.headers),
            body: Vec::new(),
        };
        let body = std::mem::replace(&mut call.body, RequestBody::empty());
        let passed = pass_on(connector.clone(), request, body);
        let passed = tokio::time::timeout(TIME, passed).await;
        passed.unwrap_or_else(|_| away())
    }
}

async fn pass_on(
    mut connector: HookServiceClient<ServiceChannel>,
    request: ReceiveRequest,
    body: RequestBody,
) -> Response<Body> {
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(error) if error.is::<LengthLimitError>() => {
            return page(
                StatusCode::PAYLOAD_TOO_LARGE,
                "A call of a hook has at most 1 MiB.\n",
            );
        }
        Err(_) => return page(StatusCode::BAD_REQUEST, "The call broke off.\n"),
    };
    let mut request = Request::new(ReceiveRequest { body, ..request });
    request.set_timeout(TIME);
    match connector.receive(request).await {
        Ok(reply) => {
            let ReceiveResponse { status, body } = reply.into_inner();
            let status = u16::try_from(status).ok();
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            page(status.unwrap_or(StatusCode::BAD_GATEWAY), body)
        }
        Err(error) => {
            tracing::warn!(%error, "a connector did not take a provider's call in");
            away()
        }
    }
}

/// What the connector may read. Nobody shows a hook who they are to us.
fn headers(headers: &HeaderMap) -> HashMap<String, String> {
    let told = headers
        .iter()
        .filter(|(name, _)| **name != AUTHORIZATION && **name != COOKIE);
    let mut read = HashMap::new();
    for (name, value) in told {
        if let Ok(value) = value.to_str() {
            read.entry(name.to_string())
                .or_insert_with(|| value.to_owned());
        }
    }
    read
}

/// The provider calls again.
fn away() -> Response<Body> {
    page(
        StatusCode::SERVICE_UNAVAILABLE,
        "The connector is away. Call again.\n",
    )
}
