//! What a call passes through before it is routed. The order is one function, [`stack`].
//!
//! A layer is a [`Handler`] around another one. The calls nest without boxes: a call is one future, however many layers.

pub mod authentication;
pub mod cors;
pub mod limits;
pub mod rate_limit;
pub mod request_id;
pub mod trace;

use std::sync::Arc;

use http::Response;

use crate::body::Body;
use crate::call::Call;
use crate::config::Limits;
use crate::rate::Limiter;

/// Answers calls.
pub trait Handler: Send + Sync + 'static {
    /// Answers one. A refusal is an answer too.
    fn handle(&self, call: Box<Call>) -> impl Future<Output = Response<Body>> + Send;
}

/// What the layers need.
pub struct Parts {
    /// Limits of calls.
    pub limits: Limits,
    /// Origins that may call from a browser.
    pub cors_origins: Vec<String>,
    /// Who checks tokens.
    pub tokens: authentication::Tokens,
    /// Who counts calls.
    pub limiter: Arc<Limiter>,
}

/// The layers around the router, outermost first.
pub fn stack<H: Handler>(parts: Parts, router: H) -> impl Handler {
    let Parts {
        limits,
        cors_origins,
        tokens,
        limiter,
    } = parts;
    // First, so that whatever happens to a call further in can be named by its id.
    request_id::RequestId::around(
        // Counts and times every call, also the refused ones below.
        trace::Trace::around(
            // Before anything that costs: a flood is refused by counting and by the first bytes of a message.
            limits::Limited::around(
                limits,
                // Before authentication: a browser's preflight carries no token, and a page may read a refusal only
                // with these headers on it.
                cors::Cors::around(
                    cors_origins,
                    // Who calls; what has no valid token goes no further.
                    authentication::Authentication::around(
                        tokens,
                        // By who calls, so that one account's flood does not use up another's calls.
                        rate_limit::RateLimit::around(limiter, router),
                    ),
                ),
            ),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The type of a stack spells its order.
    fn order<H: Handler>(_: &H) -> Vec<String> {
        std::any::type_name::<H>()
            .split('<')
            .map(|part| {
                part.trim_end_matches('>')
                    .rsplit("::")
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    }

    struct Router;

    impl Handler for Router {
        async fn handle(&self, _: Box<Call>) -> Response<Body> {
            Response::new(Body::empty())
        }
    }

    #[tokio::test]
    async fn layers_stand_in_the_order_that_is_written_down() {
        let parts = Parts {
            limits: Limits::default(),
            cors_origins: Vec::new(),
            tokens: authentication::Tokens::for_tests(),
            limiter: Arc::new(Limiter::for_tests()),
        };
        let stack = stack(parts, Router);
        assert_eq!(
            order(&stack),
            [
                "RequestId",
                "Trace",
                "Limited",
                "Cors",
                "Authentication",
                "RateLimit",
                "Router"
            ]
        );
    }
}
