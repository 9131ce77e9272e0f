//! Waiting for a fact, never for a time.

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

use types::Clock;

const LIMIT: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(10);

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none within 30 s.
pub async fn wait_for<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    wait_for_state(what, async || ask().await.ok_or("no answer")).await
}

/// Asks again and again until the answer is `Ok`; the `Err` says what was seen instead.
///
/// # Panics
/// When it is not within 30 s; the text shows what was seen last.
pub async fn wait_for_state<T, S: Debug>(what: &str, ask: impl AsyncFnMut() -> Result<T, S>) -> T {
    wait_for_state_within(LIMIT, what, ask).await
}

/// The same with another limit.
///
/// # Panics
/// When it is not within the limit; the text shows what was seen last.
pub async fn wait_for_state_within<T, S: Debug>(
    limit: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Result<T, S>,
) -> T {
    let deadline = Instant::now() + limit;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(seen) if Instant::now() > deadline => {
                panic!("not within {limit:?}: {what}; last seen: {seen:?}")
            }
            Err(_) => Clock::system().sleep(STEP).await,
        }
    }
}
