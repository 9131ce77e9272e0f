//! How often: per account and key for calls with a token, per address for the others.

use std::sync::Arc;

use auth::Principal;
use http::Response;
use kit::Refusal;

use super::Handler;
use crate::body::Body;
use crate::call::Call;
use crate::pages::is_hook;
use crate::rate::{Class, Limiter};
use crate::refusals::respond;
use crate::rpcs::Strict;

/// What probes ask again and again, and what costs nothing.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// Refuses calls that come too often.
pub struct RateLimit<H> {
    inner: H,
    limiter: Arc<Limiter>,
}

impl<H> RateLimit<H> {
    /// Around `inner`.
    pub fn around(limiter: Arc<Limiter>, inner: H) -> Self {
        Self { inner, limiter }
    }

    async fn admit(&self, call: &Call) -> Result<(), Refusal> {
        let Some(caller) = &call.caller else {
            return self.admit_stranger(call).await;
        };
        match caller.principal() {
            Principal::Employee { account, .. } => {
                self.limiter
                    .take(Class::Account, account.uuid().into())
                    .await
            }
            Principal::Program { account, key, .. } => {
                self.limiter.take(Class::Key, key.uuid().into()).await?;
                self.limiter
                    .take(Class::Account, account.uuid().into())
                    .await
            }
            Principal::Service { .. } => Ok(()),
        }
    }

    async fn admit_stranger(&self, call: &Call) -> Result<(), Refusal> {
        if PROBES.contains(&call.uri.path()) {
            return Ok(());
        }
        let class = match call.rpc.as_ref().and_then(|rpc| rpc.strict) {
            Some(Strict::LogIn) => Class::LogIn,
            Some(Strict::Refresh) => Class::Refresh,
            Some(Strict::VisitorSession) => Class::VisitorSession,
            None if is_hook(call.uri.path()) => Class::Hook,
            None => Class::Address,
        };
        self.limiter.take(class, call.client.into()).await
    }
}

impl<H: Handler> Handler for RateLimit<H> {
    async fn handle(&self, call: Box<Call>) -> Response<Body> {
        match self.admit(&call).await {
            Ok(()) => self.inner.handle(call).await,
            Err(refusal) => respond(call.protocol, refusal),
        }
    }
}
