//! The layer in front of a service's methods: no token, no call.
//!
//! Who calls is taken from the token in `authorization` and from nowhere else: there is no header that a client could set
//! to be somebody. Methods of internal packages are for our own services.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response, header};
use kit::Refusal;
use tonic::Status;
use tower::{Layer, Service};
use types::Language;

use crate::{Caller, Verifier};

/// What monitoring and tools call without a token.
const ALWAYS_OPEN: [&str; 2] = ["/grpc.health.v1.Health/", "/grpc.reflection."];
/// Marks packages that only our own services call.
const INTERNAL: &str = ".internal.";

/// Checks the token of every call, except on open paths, and puts the [`Caller`] into the request's extensions.
#[derive(Clone)]
pub struct AuthLayer(Arc<Gate>);

#[derive(Clone)]
struct Gate {
    verifier: Verifier,
    open: Vec<String>,
}

impl AuthLayer {
    /// A layer that leaves only health and reflection open.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        let open = ALWAYS_OPEN.map(str::to_owned).into();
        Self(Arc::new(Gate { verifier, open }))
    }

    /// Leaves a method ("/package.Service/Method") or everything under a prefix ("/package.Service/") open: such calls
    /// have no [`Caller`], whatever token they bring.
    #[must_use]
    pub fn open(mut self, path: &str) -> Self {
        Arc::make_mut(&mut self.0).open.push(path.to_owned());
        self
    }
}

impl Gate {
    fn is_open(&self, path: &str) -> bool {
        let matches = |open: &String| {
            if open.ends_with(['/', '.']) {
                path.starts_with(open)
            } else {
                path == open
            }
        };
        self.open.iter().any(matches)
    }

    async fn admit(&self, path: &str, headers: &HeaderMap) -> Result<Option<Caller>, Refusal> {
        if self.is_open(path) {
            return Ok(None);
        }
        let caller = self.verifier.verify(bearer(headers)?).await?;
        let package = path.rsplit_once('/').map_or(path, |(service, _)| service);
        if package.contains(INTERNAL) {
            caller.require_service()?;
        }
        Ok(Some(caller))
    }
}

/// The token of `authorization: Bearer …` (RFC 6750; the scheme's case does not matter).
fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let value = headers
        .get(header::AUTHORIZATION)
        .ok_or_else(Refusal::token_missing)?;
    let text = value.to_str().map_err(|_| Refusal::token_invalid())?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        Some(_) | None => Err(Refusal::token_invalid()),
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth {
            inner,
            gate: Arc::clone(&self.0),
        }
    }
}

/// A service behind [`AuthLayer`].
#[derive(Clone)]
pub struct Auth<S> {
    inner: S,
    gate: Arc<Gate>,
}

impl<S, B, R> Service<Request<B>> for Auth<S>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Default + 'static,
{
    type Response = Response<R>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The clone that was polled ready must be the one that is called.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let gate = Arc::clone(&self.gate);
        Box::pin(async move {
            request.extensions_mut().remove::<Caller>();
            let asked = kit::language::requested(request.headers());
            let admitted = gate.admit(request.uri().path(), request.headers()).await;
            let caller = match admitted {
                Ok(caller) => caller,
                Err(refusal) => return Ok(refused(refusal, asked).await),
            };
            // The call's own wish comes first, then what the caller set for themselves.
            let language = asked.or(caller.as_ref().map(Caller::language));
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            match language {
                Some(language) => kit::language::with(language, inner.call(request)).await,
                None => inner.call(request).await,
            }
        })
    }
}

async fn refused<R: Default>(refusal: Refusal, asked: Option<Language>) -> Response<R> {
    let into_status = async { Status::from(refusal) };
    let status = match asked {
        Some(language) => kit::language::with(language, into_status).await,
        None => into_status.await,
    };
    status.into_http()
}
