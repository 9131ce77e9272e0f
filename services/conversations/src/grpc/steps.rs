//! What live streams have in common.

use std::time::Duration;

use auth::Caller;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use kit::Refusal;
use time::OffsetDateTime;
use tonic::Status;
use types::Clock;

/// How often a quiet stream says that it lives.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(20);

/// Waits until a stream that sent something last at `sent` has to say that it lives, or the caller's session has ended.
pub(crate) async fn quiet(clock: &Clock, caller: &Caller, sent: OffsetDateTime) {
    let left = (sent + HEARTBEAT - clock.now()).max(time::Duration::ZERO);
    tokio::select! {
        () = caller.session_ended() => {}
        () = clock.sleep(left.unsigned_abs()) => {}
    }
}

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
