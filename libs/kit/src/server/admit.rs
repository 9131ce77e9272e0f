//! How many calls run at once, and how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use tonic::Status;
use tower::Service;

use crate::refusal::Refusal;

/// Calls without a deadline get this one.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);

/// The answer has to travel as well: a call is ended this much before the caller gives up.
const TRAVEL: Duration = Duration::from_millis(10);

/// Refuses what is too much, ends what takes too long. Only the way to the first byte of the answer counts, so that open
/// streams are neither counted nor cut.
#[derive(Clone, Debug)]
pub struct Admit<S> {
    inner: S,
    most: usize,
    running: Arc<AtomicUsize>,
}

impl<S> Admit<S> {
    /// At most `most` calls of `inner` at once.
    pub fn new(inner: S, most: usize) -> Self {
        Self {
            inner,
            most,
            running: Arc::default(),
        }
    }
}

/// One running call; dropping it makes room.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<S, B, R> Service<Request<B>> for Admit<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Default + Send,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<R>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let place = Place(Arc::clone(&self.running));
        if self.running.fetch_add(1, Ordering::Relaxed) >= self.most {
            return Box::pin(async move {
                let _place = place;
                Ok(refuse(Refusal::overloaded(Duration::from_millis(500))))
            });
        }
        let deadline = deadline(request.headers());
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            let _place = place;
            match tokio::time::timeout(deadline, inner.call(request)).await {
                Ok(reply) => reply,
                Err(_) => Ok(refuse(Refusal::deadline())),
            }
        })
    }
}

fn refuse<R: Default>(refusal: Refusal) -> Response<R> {
    Status::from(refusal).into_http()
}

/// The time that the caller gives: eight digits and a unit (gRPC over HTTP/2, `grpc-timeout`).
fn deadline(headers: &HeaderMap) -> Duration {
    let given = headers
        .get("grpc-timeout")
        .and_then(|value| value.to_str().ok())
        .and_then(parse_timeout);
    given.map_or(DEFAULT_DEADLINE, |given| given.saturating_sub(TRAVEL))
}

fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::error::v1::ErrorReason;

    fn reason(reply: &Response<String>) -> Option<ErrorReason> {
        crate::refusal::reason_of(&Status::from_header_map(reply.headers())?)
    }

    #[tokio::test]
    async fn a_call_beyond_the_limit_is_refused_and_makes_room_again() {
        let release = Arc::new(tokio::sync::Notify::new());
        let waiting = Arc::clone(&release);
        let mut service = Admit::new(
            tower::service_fn(move |_: Request<()>| {
                let waiting = Arc::clone(&waiting);
                async move {
                    waiting.notified().await;
                    Ok::<_, std::convert::Infallible>(Response::new(String::new()))
                }
            }),
            1,
        );
        let first = service.call(Request::new(()));
        let second = service.call(Request::new(())).await.expect("answered");
        assert_eq!(reason(&second), Some(ErrorReason::Overloaded));
        release.notify_one();
        assert_eq!(reason(&first.await.expect("answered")), None);
        release.notify_one();
        assert_eq!(
            reason(&service.call(Request::new(())).await.expect("answered")),
            None
        );
    }

    #[tokio::test]
    async fn a_call_ends_at_its_deadline() {
        let mut service = Admit::new(
            tower::service_fn(|_: Request<()>| {
                std::future::pending::<Result<Response<String>, std::convert::Infallible>>()
            }),
            1,
        );
        let mut request = Request::new(());
        request
            .headers_mut()
            .insert("grpc-timeout", http::HeaderValue::from_static("20m"));
        let reply = service.call(request).await.expect("answered");
        assert_eq!(reason(&reply), Some(ErrorReason::Deadline));
    }

    #[test]
    fn timeouts_are_read_as_the_protocol_says() {
        assert_eq!(parse_timeout("5S"), Some(Duration::from_secs(5)));
        assert_eq!(parse_timeout("100m"), Some(Duration::from_millis(100)));
        for text in ["", "S", "5", "5x", "999999999S", "-1S", "яS"] {
            assert_eq!(parse_timeout(text), None, "{text}");
        }
    }
}
