//! API keys at the door: a program may send its key with every call, the services see access tokens only.
//!
//! The token of a key is remembered until it is nearly over. Whether the key still lives is asked at every call, because
//! the token is verified at every call and a revoked key's token is refused within half a second.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use api::error::v1::ErrorReason;
use api::identity::internal::v1::identity_internal_service_client::IdentityInternalServiceClient;
use api::identity::internal::v1::{ExchangeApiKeyRequest, ExchangeApiKeyResponse};
use auth::ServiceChannel;
use http::HeaderValue;
use kit::Refusal;
use quick_cache::sync::Cache;
use time::OffsetDateTime;
use tonic::Status;
use types::Clock;

use crate::rate::{Class, Limiter};
use crate::sampled;

/// A token is replaced when it has less than this to live.
const RENEW_BEFORE: Duration = Duration::from_secs(60);
/// Keys in use at once that are remembered.
const CAPACITY: usize = 20_000;
const RETRY: Duration = Duration::from_secs(1);
const EXCHANGE_TIME: Duration = Duration::from_secs(5);

/// Remembers the tokens of keys.
pub struct ApiKeys {
    identity: IdentityInternalServiceClient<ServiceChannel>,
    clock: Clock,
    limiter: Arc<Limiter>,
    /// By the hash of the key: the keys themselves are not kept.
    tokens: Cache<[u8; 32], Arc<Exchanged>>,
}

/// The token of a key.
pub struct Exchanged {
    token: String,
    authorization: HeaderValue,
    expires: OffsetDateTime,
}

impl Exchanged {
    /// The token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The value for `authorization`.
    #[must_use]
    pub fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }
}

impl ApiKeys {
    /// Exchanges keys at identity, which answers our own services only.
    #[must_use]
    pub fn new(identity: ServiceChannel, clock: Clock, limiter: Arc<Limiter>) -> Self {
        let identity = IdentityInternalServiceClient::new(identity);
        Self {
            identity,
            clock,
            limiter,
            tokens: Cache::new(CAPACITY),
        }
    }

    /// The token of a key. Concurrent calls with a key that is new here share one exchange.
    ///
    /// # Errors
    /// CREDENTIALS_INVALID, RATE_LIMITED by address, SERVICE_UNAVAILABLE.
    pub async fn exchange(&self, key: &str, from: IpAddr) -> Result<Arc<Exchanged>, Refusal> {
        let hash = kit::secrets::sha256(key.as_bytes());
        let fresh = |exchanged: &Exchanged| self.clock.now() + RENEW_BEFORE < exchanged.expires;
        if let Some(known) = self.tokens.get(&hash) {
            if fresh(&known) {
                return Ok(known);
            }
            self.tokens.remove_if(&hash, |known| !fresh(known));
        }
        self.tokens
            .get_or_insert_async(&hash, Box::pin(self.ask(key, from)))
            .await
    }

    async fn ask(&self, key: &str, from: IpAddr) -> Result<Arc<Exchanged>, Refusal> {
        self.limiter.take(Class::KeyExchange, from.into()).await?;
        let mut request = tonic::Request::new(ExchangeApiKeyRequest {
            secret: key.to_owned(),
        });
        request.set_timeout(EXCHANGE_TIME);
        let reply = self
            .identity
            .clone()
            .exchange_api_key(request)
            .await
            .map_err(|status| refused(&status))?;
        exchanged(reply.into_inner()).ok_or_else(Refusal::defect)
    }

    /// Forgets the token of a key, so that the next call asks identity.
    pub fn forget(&self, key: &str) {
        self.tokens.remove(&kit::secrets::sha256(key.as_bytes()));
    }
}

fn exchanged(reply: ExchangeApiKeyResponse) -> Option<Arc<Exchanged>> {
    let mut authorization = HeaderValue::try_from(format!("Bearer {}", reply.access_token)).ok()?;
    authorization.set_sensitive(true);
    let expires = kit::time::from_proto(reply.access_expire_time.as_ref()?)?;
    Some(Arc::new(Exchanged {
        token: reply.access_token,
        authorization,
        expires,
    }))
}

fn refused(status: &Status) -> Refusal {
    // Any other refusal is between the gateway and identity: it says nothing about the key.
    if let Some(ErrorReason::CredentialsInvalid | ErrorReason::FieldInvalid) =
        kit::refusal::reason_of(status)
    {
        return Refusal::credentials_invalid();
    }
    sampled!(
        "an API key could not be exchanged",
        code = ?status.code(),
        message = status.message()
    );
    Refusal::service_unreachable(RETRY)
}
