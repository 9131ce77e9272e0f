//! Who calls. The services check the token again; here it decides who may come in and whose limits count.

use std::sync::Arc;

use http::Response;
use http::header::AUTHORIZATION;
use kit::Refusal;

use super::Handler;
use crate::api_keys::ApiKeys;
use crate::body::Body;
use crate::call::Call;
use crate::pages::is_file;
use crate::refusals::respond;

/// API keys begin with this; everything else is an access token.
const API_KEY: &str = "bsk_";

/// Checks tokens and exchanges API keys for them.
pub struct Tokens {
    verifier: auth::Verifier,
    keys: Arc<ApiKeys>,
}

impl Tokens {
    /// From identity's keys and revocations, and its exchange of API keys.
    #[must_use]
    pub fn new(verifier: auth::Verifier, keys: Arc<ApiKeys>) -> Self {
        Self { verifier, keys }
    }

    async fn admit(&self, call: &mut Call) -> Result<(), Refusal> {
        match &call.rpc {
            Some(rpc) if !rpc.open => {}
            None if is_file(call.uri.path()) && !call.protocol.is_rpc() => {}
            Some(_) | None => return Ok(()),
        }
        let bearer = bearer(call)?;
        let caller = if bearer.starts_with(API_KEY) {
            let exchanged = self.keys.exchange(bearer, call.client).await?;
            let verified = self.verifier.verify(exchanged.token()).await;
            let caller = verified.inspect_err(|_| self.keys.forget(bearer))?;
            call.headers
                .insert(AUTHORIZATION, exchanged.authorization());
            caller
        } else {
            self.verifier.verify(bearer).await?
        };
        if matches!(caller.principal(), auth::Principal::Service { .. }) {
            // Services meet behind the gateway. A service's token that comes from outside was stolen.
            return Err(Refusal::token_invalid());
        }
        call.caller = Some(caller);
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        let channel =
            || tonic::transport::Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
        let clock = types::Clock::system();
        let limiter = Arc::new(crate::rate::Limiter::for_tests());
        let tokens =
            auth::ServiceTokens::new(channel(), "gateway", String::new().into(), clock.clone());
        Self::new(
            auth::Verifier::new(channel(), clock.clone(), &kit::lifecycle::Lifecycle::new()),
            Arc::new(ApiKeys::new(tokens.channel(channel()), clock, limiter)),
        )
    }
}

fn bearer(call: &Call) -> Result<&str, Refusal> {
    let value = call
        .headers
        .get(AUTHORIZATION)
        .ok_or_else(Refusal::token_missing)?;
    let text = value.to_str().map_err(|_| Refusal::token_invalid())?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        Some(_) | None => Err(Refusal::token_invalid()),
    }
}

/// Lets calls through that need no token or have a good one.
pub struct Authentication<H> {
    inner: H,
    tokens: Tokens,
}

impl<H> Authentication<H> {
    /// Around `inner`.
    pub fn around(tokens: Tokens, inner: H) -> Self {
        Self { inner, tokens }
    }
}

impl<H: Handler> Handler for Authentication<H> {
    async fn handle(&self, mut call: Box<Call>) -> Response<Body> {
        match self.tokens.admit(&mut call).await {
            Ok(()) => self.inner.handle(call).await,
            Err(refusal) => respond(call.protocol, refusal),
        }
    }
}
