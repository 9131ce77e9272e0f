//! The public keys of access tokens, for programs of others that check them.

use std::time::{Duration, Instant};

use api::identity::internal::v1::GetJwksRequest;
use api::identity::internal::v1::identity_internal_service_client::IdentityInternalServiceClient;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use kit::Refusal;
use tokio::sync::Mutex;
use tonic::transport::Channel;

use crate::body::Body;
use crate::call::Protocol;
use crate::refusals::respond;

/// Asked again after this.
const FRESH: Duration = Duration::from_secs(30);
const TIME: Duration = Duration::from_secs(3);
const RETRY: Duration = Duration::from_secs(1);

/// The keys as identity last gave them.
pub struct Jwks {
    identity: IdentityInternalServiceClient<Channel>,
    last: Mutex<Option<(Instant, String)>>,
}

impl Jwks {
    /// From identity.
    #[must_use]
    pub fn new(identity: Channel) -> Self {
        Self {
            identity: IdentityInternalServiceClient::new(identity),
            last: Mutex::default(),
        }
    }

    pub(super) async fn answer(&self) -> Response<Body> {
        let Some(json) = self.json().await else {
            return respond(Protocol::Http, Refusal::service_unreachable(RETRY));
        };
        let mut response = Response::new(Body::full(json));
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/jwk-set+json"),
        );
        headers.insert(
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=60"),
        );
        response
    }

    /// The keys; those of the last time when identity is away, since keys change slowly.
    async fn json(&self) -> Option<String> {
        let mut last = self.last.lock().await;
        if let Some((_, json)) = last.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Some(json.clone());
        }
        let mut request = tonic::Request::new(GetJwksRequest {});
        request.set_timeout(TIME);
        match self.identity.clone().get_jwks(request).await {
            Ok(reply) => {
                let json = reply.into_inner().jwks_json;
                *last = Some((Instant::now(), json.clone()));
                Some(json)
            }
            Err(_) => last.as_ref().map(|(_, json)| json.clone()),
        }
    }
}
