//! What live streams have in common.

use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use kit::Refusal;
use tonic::Status;

/// How often a quiet stream says that it lives.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(20);

/// How often a quiet stream looks whether the caller's session was ended.
pub(crate) const SESSION_CHECK: Duration = Duration::from_secs(1);

/// The steps of a stream. The first refusal is its last one.
pub(crate) fn until_refused<S, T>(
    stream: S,
    next: fn(&mut S) -> BoxFuture<'_, Result<T, Refusal>>,
) -> BoxStream<'static, Result<T, Status>>
where
    S: Send + 'static,
    T: Send + 'static,
{
    stream::unfold(Some(stream), move |stream| async move {
        let mut stream = stream?;
        Some(match next(&mut stream).await {
            Ok(step) => (Ok(step), Some(stream)),
            Err(refusal) => (Err(refusal.into()), None),
        })
    })
    .boxed()
}
