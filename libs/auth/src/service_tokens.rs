//! A service's own token, for its calls to other services.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use api::identity::internal::v1::IssueServiceTokenRequest;
use api::identity::internal::v1::identity_internal_service_client::IdentityInternalServiceClient;
use arc_swap::ArcSwapOption;
use http::{HeaderValue, Request, Response, header};
use kit::Refusal;
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::Service;
use types::Clock;

/// A token is replaced when it has less than this to live, so that no call starts with one about to die.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// Keeps a fresh service token. Clones share it.
#[derive(Clone)]
pub struct ServiceTokens(Arc<Inner>);

struct Inner {
    identity: IdentityInternalServiceClient<Channel>,
    service: &'static str,
    secret: SecretString,
    clock: Clock,
    current: ArcSwapOption<Token>,
    renewing: Mutex<()>,
}

struct Token {
    header: HeaderValue,
    expires: OffsetDateTime,
}

impl ServiceTokens {
    /// Tokens of the service `service`, whose secret is `secret`. The first one is fetched when first needed.
    #[must_use]
    pub fn new(
        identity: Channel,
        service: &'static str,
        secret: SecretString,
        clock: Clock,
    ) -> Self {
        Self(Arc::new(Inner {
            identity: IdentityInternalServiceClient::new(identity),
            service,
            secret,
            clock,
            current: ArcSwapOption::empty(),
            renewing: Mutex::new(()),
        }))
    }

    /// A channel whose calls carry the service's token: give it to a generated client.
    #[must_use]
    pub fn channel(&self, channel: Channel) -> ServiceChannel {
        ServiceChannel {
            channel,
            tokens: self.clone(),
        }
    }

    /// The value for `authorization`.
    ///
    /// # Errors
    /// SERVICE_UNAVAILABLE when identity gives no token.
    pub async fn authorization(&self) -> Result<HeaderValue, Refusal> {
        match self.0.fresh() {
            Some(header) => Ok(header),
            None => self.0.renew().await.map_err(Refusal::service_unavailable),
        }
    }
}

impl Inner {
    fn fresh(&self) -> Option<HeaderValue> {
        let current = self.current.load();
        let token = current.as_ref()?;
        (self.clock.now() + RENEW_BEFORE < token.expires).then(|| token.header.clone())
    }

    async fn renew(&self) -> Result<HeaderValue, Status> {
        // Whoever waited here finds the token that another call fetched.
        let _one_at_a_time = self.renewing.lock().await;
        if let Some(header) = self.fresh() {
            return Ok(header);
        }
        let request = IssueServiceTokenRequest {
            service: self.service.to_owned(),
            secret: self.secret.expose_secret().to_owned(),
        };
        let reply = self
            .identity
            .clone()
            .issue_service_token(request)
            .await?
            .into_inner();
        let mut header = HeaderValue::try_from(format!("Bearer {}", reply.access_token))
            .map_err(|error| Status::internal(error.to_string()))?;
        header.set_sensitive(true);
        let expires = reply
            .access_expire_time
            .as_ref()
            .and_then(kit::time::from_proto)
            .ok_or_else(|| Status::internal("a service token without an end"))?;
        self.current.store(Some(Arc::new(Token {
            header: header.clone(),
            expires,
        })));
        Ok(header)
    }
}

impl fmt::Debug for ServiceTokens {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServiceTokens")
            .field(&self.0.service)
            .finish()
    }
}

/// A channel whose calls carry the service's token.
#[derive(Clone, Debug)]
pub struct ServiceChannel {
    channel: Channel,
    tokens: ServiceTokens,
}

impl Service<Request<Body>> for ServiceChannel {
    type Response = Response<Body>;
    type Error = tonic::transport::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::<Request<Body>>::poll_ready(&mut self.channel, cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(token) = self.tokens.0.fresh() {
            request.headers_mut().insert(header::AUTHORIZATION, token);
            return Box::pin(self.channel.call(request));
        }
        // The channel that was polled ready must be the one that is called.
        let clone = self.channel.clone();
        let mut channel = std::mem::replace(&mut self.channel, clone);
        let tokens = self.tokens.clone();
        Box::pin(async move {
            match tokens.authorization().await {
                Ok(token) => {
                    request.headers_mut().insert(header::AUTHORIZATION, token);
                    channel.call(request).await
                }
                Err(refusal) => Ok(Status::from(refusal).into_http()),
            }
        })
    }
}
